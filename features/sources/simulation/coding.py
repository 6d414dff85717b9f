"""What coders write about a stay days to weeks after it: its main diagnosis, the person's other illnesses."""

import numpy as np

from features.sources.simulation.clock import MINUTES_A_DAY
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import (
    Array,
    Floats,
    Rows,
    condition_names,
    illnesses,
    kept,
    lognormal,
    parameters,
)
from features.sources.simulation.record import written

CONDITION_CODED = 0.80  # of long-term conditions, in each stay [A]
OTHER_ILLNESS_CODED = 0.06  # of main diagnoses turn out to be another illness altogether [A]
WORKING_MINUTES = (540, 480)  # coders write from nine to five
# Share of stays coded with each sign of frailty, at a true Clinical Frailty Scale of 6 [A; shape HFRS]
FRAILTY_SIGNS = {
    "W19.9": 0.14, "R26.8": 0.10, "R29.6": 0.16, "Z74.0": 0.08, "R54": 0.05, "N39.0": 0.16, "N17.9": 0.16,
    "E86": 0.09, "K59.0": 0.12, "R41.0": 0.10, "L89.9": 0.05, "I95.1": 0.09, "R32": 0.05, "R13": 0.04,
    "E87.1": 0.11, "M81.9": 0.08, "D64.9": 0.10,
}  # fmt: skip

# Share of stays of people of 70 coded with what many live with or have had [A; depth of about 5 codes]
ORDINARY_CODES = {
    "E78.0": 0.26, "Z86.7": 0.20, "Z87.8": 0.12, "Z92.1": 0.14, "M19.9": 0.13, "K21.9": 0.09, "E03.9": 0.09,
    "J45.9": 0.10, "I25.1": 0.17, "H91.9": 0.06, "Z88.0": 0.12, "Z72.0": 0.14, "E66.9": 0.10, "Z95.5": 0.07,
}  # fmt: skip


def provisional_diagnosis(stays: Rows) -> Array:
    """Return an ICD-10 code for each stay, as known on admission."""
    return _code_of(stays["illness"], stays["variant"])


def coding_events(lives: Lives, provisional: Array, rng: np.random.Generator) -> list[Rows]:
    """Return the coded diagnoses of finished stays, the main one as number 1.

    Codes of one stay are recorded together and carry successive minutes, so that none corrects another.
    """
    stays = kept({**lives.stays, "provisional": provisional}, lives.stays["ended"] >= 0)
    count = len(stays["stay"])
    lag = lognormal(parameters()["record"]["coding_days"], count, rng)
    first, length = WORKING_MINUTES
    day = stays["ended"] // MINUTES_A_DAY + np.ceil(lag).astype(np.int64)
    recorded = day * MINUTES_A_DAY + first + rng.integers(0, length, count)
    another = rng.random(count) < OTHER_ILLNESS_CODED
    main = np.where(another, rng.permutation(stays["illness"]), stays["illness"])
    same = (rng.random(count) < parameters()["record"]["provisional_is_primary"]) & (main == stays["illness"])
    primary = np.where(same, stays["provisional"], _code_of(main, rng.random(count)))
    stay, text = _secondary(lives, stays, rng)
    stay, text = np.append(np.arange(count), stay), np.append(primary, text)
    order = np.argsort(stay, kind="stable")
    stay, text = stay[order], text[order]
    begins = np.flatnonzero(np.append(True, stay[1:] != stay[:-1]))
    position = np.arange(len(stay)) - np.repeat(begins, np.diff(np.append(begins, len(stay)))) + 1
    at = stays["ended"][stay] + position
    return [written("coded_diagnosis", stays["stay"][stay], at, recorded[stay], position, text)]


def _code_of(illness: Array, variant: Array) -> Array:
    """Return the code of each illness's variant, 0 to 1; the first code is the usual one."""
    found = np.empty(len(illness), dtype=object)
    draw = variant**1.5
    for number, entry in enumerate(illnesses().values()):
        here = illness == number
        listed = np.array(entry["codes"], dtype=object)
        found[here] = listed[(draw[here] * len(listed)).astype(np.int64)]
    return found


def _secondary(lives: Lives, stays: Rows, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return (row of `stays`, code) of long-term conditions, delirium, living alone and signs of frailty."""
    person, count = stays["person"], len(stays["stay"])
    table = parameters()["conditions"]
    chances: dict[str, Floats] = {
        table[name]["code"]: CONDITION_CODED * lives.people[name][person] for name in condition_names()
    }
    chances["F05.9"] = 0.7 * stays["delirium"]
    chances["Z60.2"] = 0.25 * lives.people["lives_alone"][person]
    frail = np.maximum(lives.people["frailty"][person] - 2.0, 0.0) / 4 * (stays["age"] >= 65)
    weight = np.minimum(frail * (0.7 + 0.2 * stays["severity"]), 4.0)
    chances.update({code: np.minimum(share * weight, 0.8) for code, share in FRAILTY_SIGNS.items()})
    years = np.clip((stays["age"] - 18) / 52, 0.1, 1.4)
    chances.update({code: share * years for code, share in ORDINARY_CODES.items()})
    coded = [np.flatnonzero(rng.random(count) < share) for share in chances.values()]
    texts = [np.full(len(rows), code, dtype=object) for code, rows in zip(chances, coded, strict=True)]
    return np.concatenate(coded), np.concatenate(texts)
