"""Where a hospital's records, or our reading of them, may hold knowledge of the future."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from features.tables import Hospital
from training.look_ahead import FeaturesAt, cut_signs, features_at, rewritten
from training.record_signs import record_signs
from training.sign import Sign
from training.telling import telling_signs

MOMENTS = 5


def leaks(
    hospital: Hospital, earlier: Hospital | None = None, features: FeaturesAt = features_at
) -> list[Sign]:
    """Return the signs that are suspicious; an empty list says that none was found, not that there is none.

    `earlier` is an older extract of the same hospital, which finds whatever has been rewritten since, also
    where that leaves no trace in one extract.
    """
    return [sign for sign in signs(hospital, earlier, features) if sign.suspicious]


def signs(
    hospital: Hospital, earlier: Hospital | None = None, features: FeaturesAt = features_at
) -> list[Sign]:
    """Return everything that was looked at, suspicious or not, with the patients that each rests on.

    Features are made of the hospital cut at five moments and of the whole, where dates compare; the records are
    searched for facts written from what came later; and each feature alone is held to what whole published
    models reach.
    """
    return list(_looked_at(hospital, earlier, features))


def summary(found: Sequence[Sign]) -> str:
    """Return a sentence on how much was looked at, and what too few patients left open."""
    few = [sign for sign in found if not sign.enough]
    suspicious = sum(sign.suspicious for sign in found)
    text = f"{suspicious:,} suspicious of {len(found):,} looked at"
    return text + (f"; {len(few):,} with too few patients to say" if few else "")


def as_json(found: Sequence[Sign]) -> dict[str, Any]:
    """Return everything looked at as plain values, the suspicious first."""
    rows = sorted(found, key=lambda sign: not sign.suspicious)
    return {"signs": [{**asdict(one), "enough": one.enough, "suspicious": one.suspicious} for one in rows]}


def _looked_at(hospital: Hospital, earlier: Hospital | None, features: FeaturesAt) -> Iterator[Sign]:
    if hospital.dates == "comparable":
        yield from cut_signs(hospital, MOMENTS, features)
    if earlier is not None:
        yield from rewritten(earlier, hospital)
    yield from record_signs(hospital)
    yield from telling_signs(hospital)
