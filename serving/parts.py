"""What the routes work with; made once, when the service starts."""

from dataclasses import dataclass

from serving.gate import Guard
from serving.loop import Loop, Releases
from serving.settings import Settings
from serving.shadow import Shadow
from serving.store.store import Store
from serving.workers import Workers


@dataclass(frozen=True)
class Parts:
    """The parts of a running service."""

    settings: Settings
    guard: Guard
    releases: Releases
    store: Store
    admitting: Workers
    signing_in: Workers
    predicting: Workers
    reading: Workers
    keeping: Workers
    loop: Loop
    shadow: Shadow | None = None

    def close(self) -> None:
        """Let the work under way end, then close the store."""
        if self.shadow is not None:
            self.shadow.close()
        self.loop.close()
        self.releases.close()
        self.admitting.close()
        self.signing_in.close()
        self.predicting.close()
        self.reading.close()
        self.keeping.close()
        self.store.close()
