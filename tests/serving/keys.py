"""Keys that lie in no file, and are the same each time."""

from serving.keys import PURPOSES, Keyring, Purpose


class FixedKeys:
    """Keys that two processes have alike; one that is added has its number in it."""

    def __init__(self) -> None:
        self.ring = Keyring({purpose: (_key(purpose, 1),) for purpose in PURPOSES})

    def read(self) -> Keyring:
        return self.ring

    def made(self) -> Keyring:
        return self.ring

    def added(self, purpose: Purpose) -> Keyring:
        own = self.ring.keys[purpose]
        self.ring = Keyring({**self.ring.keys, purpose: (*own, _key(purpose, len(own) + 1))})
        return self.ring


def _key(purpose: Purpose, number: int) -> bytes:
    return f"{purpose} {number}".encode().ljust(32, b".")
