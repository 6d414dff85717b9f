"""Keys that a ward system publishes at an address: fetched anew before a minute has passed."""

import json
import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

BELIEVED_SECONDS = 60.0  # a key that was taken away opens nothing after a minute
FRESH_SECONDS = 30.0
RETRY_SECONDS = 2.0
FETCH_SECONDS = 3.0
LONGEST_ANSWER = 1024 * 1024
log = logging.getLogger(__name__)


class NotAtHand(Exception):
    """The keys must be waited for."""


class Published:
    """The keys at an address, for as long as they are believed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: KeySet | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._done = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, wait: bool = True) -> "KeySet":
        """Return the keys; raises Problem (503) while they cannot be had, and those known are too old.

        They are fetched in a thread of their own, before they are too old to be believed.  Who cannot `wait`
        for them gets NotAtHand.
        """
        from serving.errors import keys_unavailable

        now = time.monotonic()
        if now - self._fetched_at > FRESH_SECONDS:
            self._begin(now)
        if now - self._fetched_at > BELIEVED_SECONDS:
            if not wait:
                raise NotAtHand
            self._done.wait(FETCH_SECONDS)
        if self._keys is None or time.monotonic() - self._fetched_at > BELIEVED_SECONDS:
            raise keys_unavailable()
        return self._keys

    def _begin(self, now: float) -> None:
        with self._lock:
            if now - self._tried_at < RETRY_SECONDS:
                return
            self._tried_at = now
            self._done.clear()
        threading.Thread(target=self._fetch, name="keys of a ward system", daemon=True).start()

    def _fetch(self) -> None:
        from serving.systems import SystemFault, key_set

        began = time.monotonic()
        try:
            self._keys = key_set(_said(self._url), "the answer of jwks_uri")
            self._fetched_at = began
        except (SystemFault, OSError, ValueError) as error:
            log.warning("the keys of a ward system cannot be fetched: %s", type(error).__name__)
        finally:
            self._done.set()


def _said(url: str) -> dict[str, object]:
    """Return what an address answers; raises OSError if it does not, ValueError if it is no JSON object."""
    import httpx

    try:
        with httpx.stream("GET", url, timeout=FETCH_SECONDS) as answer:
            answer.raise_for_status()
            content = b""
            for part in answer.iter_bytes():
                content += part
                if len(content) > LONGEST_ANSWER:
                    raise ValueError
    except httpx.HTTPError as error:
        raise OSError(type(error).__name__) from None
    said = json.loads(content)
    if not isinstance(said, dict):
        raise ValueError
    return said
