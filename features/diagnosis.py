"""What the diagnoses coded after earlier stays say of a person: illnesses and frailty, two years back."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from features.comorbidity import CHARLSON_GROUPS, frailty_tenths, groups, points, three_characters
from features.rows import Rows
from features.timeline import Floats, Integers, Timeline, coded, in_order, microseconds, ranges

DAY = 86_400_000_000  # microseconds
DIAGNOSIS_LOOK_BACK_DAYS = 730  # Gilbert 2018 looks two years back; so does PARR-30
MISUSE_AND_MOOD = ("alcohol", "drug", "psycho", "depre")  # of Elixhauser's index; they bring people back
ILLNESS_GROUPS = (*CHARLSON_GROUPS, *MISUSE_AND_MOOD)
ILLNESSES = len(ILLNESS_GROUPS)
ILL = (1 << ILLNESSES) - 1  # an amount has one bit an illness, and above them tenths of frailty
KEY_BITS = 16  # 21 illnesses, then the category read as a number of base 36
MOST_KEPT = 100_000  # ICD-10 has some 16,000 codes

Meaning = tuple[tuple[int, int], ...]  # (key, amount) pairs; a person's key counts its amount once
_kept: dict[str, Meaning] = {}  # a prediction of one patient would spend half its time looking codes up


def diagnosis_columns(rows: Rows) -> dict[str, Floats]:
    """Return comorbidity and frailty of each row, one array a feature; NaN for a person never coded before.

    A diagnosis counts from the recording of its code, strictly before the moment.
    """
    events, last = rows.events, rows.last_of_people()
    diagnosed = np.asarray(events["name"].array == "coded_diagnosis")
    diagnoses = np.flatnonzero(diagnosed & (rows.event_stays >= 0))
    people, recorded = rows.owners[rows.event_stays[diagnoses]], microseconds(events["recorded_at"])[diagnoses]
    wanted = (recorded < last[people]) & ~events["text"].array.isna()[diagnoses]
    people, recorded = people[wanted], recorded[wanted]
    codes = coded(events["text"].array.take(diagnoses[wanted]))
    total = _active(people, recorded, codes.codes, meanings(codes.categories), rows)
    masks, place = np.unique(total & ILL, return_inverse=True)
    present = (masks[:, None] >> np.arange(ILLNESSES) & 1).astype(bool)
    had = np.ascontiguousarray(present.T, np.float64)
    columns = {
        "charlson": points(present[:, : len(CHARLSON_GROUPS)], "charlson_1987").astype(np.float64)[place],
        "frailty_risk_score": (total >> ILLNESSES) / 10,
        **{f"had_{name}": has[place] for name, has in zip(ILLNESS_GROUPS, had, strict=True)},
    }
    timeline = Timeline.of(people, recorded, len(last))
    uncoded = timeline.last(rows.people, rows.ended, before=True) < 0  # nothing known is not the same as none
    return {name: np.where(uncoded, np.nan, values) for name, values in columns.items()}


def meanings(codes: Iterable[str]) -> list[Meaning]:
    """Return what each ICD-10 code means: its illnesses, and its frailty category.

    >>> meanings(["E10.2", "F00.1", "Z00.0"])
    [((10, 1024),), ((4, 16), (19461, 148897792)), ()]
    """
    found = {code: _kept.get(code) for code in codes}
    new = [code for code, meaning in found.items() if meaning is None]
    looked_up = _looked_up(new) if new else {}
    if len(_kept) < MOST_KEPT:
        _kept.update(looked_up)
    return [meaning if meaning is not None else looked_up[code] for code, meaning in found.items()]


def _looked_up(codes: Sequence[str]) -> dict[str, Meaning]:
    texts = pd.Series(codes, dtype="str")
    found: dict[str, list[tuple[int, int]]] = {code: [] for code in codes}
    others = groups(texts, "elixhauser")
    ill = pd.concat([groups(texts, "charlson"), others[others["group"].isin(MISUSE_AND_MOOD)]])
    for code, group in zip(ill["code"], ill["group"], strict=True):
        bit = ILLNESS_GROUPS.index(group)
        found[code].append((bit, 1 << bit))
    category = three_characters(texts)
    tenths = category.map(frailty_tenths(category))
    for code, name, frailty in zip(codes, category, tenths, strict=True):
        if frailty > 0:
            found[code].append((ILLNESSES + int(name, 36), int(frailty) << ILLNESSES))
    return {code: tuple(pairs) for code, pairs in found.items()}


def _active(
    people: Integers, recorded: Integers, codes: Integers, meant: Sequence[Meaning], rows: Rows
) -> Integers:
    """Return, at each row's moment, the sum of amounts over a person's distinct keys of the last two years.

    Each key counts from its recording for the look-back, overlapping spells once; the sums are steps
    up and down along each person's timeline.
    """
    flat = np.array([pair for pairs in meant for pair in pairs], np.int64).reshape(-1, 2)
    counts = np.array([len(pairs) for pairs in meant], np.int64)
    many = counts[codes]
    fact = np.repeat(np.arange(len(people)), many)
    pair = flat[ranges((np.cumsum(counts) - counts)[codes], many)]
    who, time, key, amount = people[fact], recorded[fact], pair[:, 0], pair[:, 1]
    order = in_order((who << KEY_BITS) | key, time)
    who, time, key, amount = (column[order] for column in (who, time, key, amount))
    window = DIAGNOSIS_LOOK_BACK_DAYS * DAY
    joined = (who[1:] == who[:-1]) & (key[1:] == key[:-1]) & (time[1:] - time[:-1] < window)
    begins, ends = ~np.append(False, joined)[: len(who)], ~np.append(joined, False)[: len(who)]
    timeline = Timeline.of(
        np.append(who[begins], who[ends]),
        np.append(time[begins], time[ends] + window),
        int(rows.people.max(initial=-1)) + 1,
    )
    totals = np.append(0, np.cumsum(np.append(amount[begins], -amount[ends])[timeline.order]))
    now = timeline.last(rows.people, rows.ended, before=True)
    return np.where(now < 0, 0, totals[now + 1] - totals[timeline.starts[rows.people]])
