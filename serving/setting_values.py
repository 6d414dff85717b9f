"""How the text of a setting is read; what it must be is the text of a ValueError."""

import ipaddress
from collections.abc import Callable
from pathlib import Path

MOST_DAYS = 36_525


def folder(text: str) -> Path:
    """Return the path of a folder."""
    if not text:
        raise ValueError("the path of a folder")
    return Path(text).expanduser().resolve()


def file(text: str) -> Path:
    """Return the path of a file; an empty one leaves it to the home."""
    return Path(text).expanduser().resolve() if text else Path()


def database(text: str) -> str:
    """Return the address of a database."""
    if text and not text.startswith(("sqlite:///", "postgresql://")):
        raise ValueError(
            "an address such as sqlite:////var/lib/homeward.db or postgresql://user:word@host/homeward"
        )
    return text


def address(text: str) -> str:
    """Return an IP address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ValueError("an IP address such as 127.0.0.1") from error


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return what reads a whole number within limits."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"a whole number from {low:,} to {high:,}")
        return int(text)

    return read


def yes_or_no(text: str) -> bool:
    """Return whether a switch is on."""
    if text not in ("0", "1"):
        raise ValueError("0 or 1")
    return text == "1"


def days(least: int, why: str) -> Callable[[str], int]:
    """Return what reads a number of days, of which there must be so many, and says why."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= MOST_DAYS):
            raise ValueError(f"a whole number of days from {least} to {MOST_DAYS:,}: {why}")
        return int(text)

    return read
