"""What coders write about a stay days to weeks after it: its main diagnosis, the person's other illnesses."""

import numpy as np

from features.sources.simulation.kernel import frailty_mean_and_sd
from features.sources.simulation.lives import Lives
from features.sources.simulation.numbers import (
    Array,
    Floats,
    Rows,
    condition_names,
    illnesses,
    kept,
    parameters,
)
from features.sources.simulation.record import written

OTHER_ILLNESS_CODED = 0.06  # of main diagnoses turn out to be another illness altogether [A]
SIGNS_LAST = 0.9  # of signs and of what many live with: the same in a person's next stay [A]
# Share of stays coded with each sign of frailty, at a true Clinical Frailty Scale of 6 [A; shape HFRS]
FRAILTY_SIGNS = {
    "W19.9": 0.14, "R26.8": 0.10, "R29.6": 0.16, "Z74.0": 0.08, "R54": 0.05, "N39.0": 0.16, "N17.9": 0.16,
    "E86": 0.09, "K59.0": 0.12, "R41.0": 0.10, "L89.9": 0.05, "I95.1": 0.09, "R32": 0.05, "R13": 0.04,
    "E87.1": 0.11, "M81.9": 0.08, "D64.9": 0.10,
}  # fmt: skip

# Share of stays of people of 70 coded with what many live with or have had [A; depth of about 5 codes]
ORDINARY_CODES = {
    "E78.0": 0.35, "Z86.7": 0.27, "Z87.8": 0.16, "Z92.1": 0.19, "M19.9": 0.18, "K21.9": 0.12, "E03.9": 0.12,
    "J45.9": 0.14, "I25.1": 0.23, "H91.9": 0.08, "Z88.0": 0.16, "Z72.0": 0.19, "E66.9": 0.14, "Z95.5": 0.09,
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
    recorded = stays["coded_at"]
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
        table[name]["code"]: stays["codes_found"][:, number] for number, name in enumerate(condition_names())
    }
    chances["F05.9"] = 0.7 * stays["delirium"]
    chances["Z60.2"] = 0.25 * lives.people["lives_alone"][person]
    mean, _ = frailty_mean_and_sd(stays["age"], stays["care_home"], stays["frailty"])
    frail = np.maximum(mean - 2.0, 0.0) / 4 * (stays["age"] >= 65)
    noted = 0.45 + 0.30 * np.log1p(stays["day"])  # the longer the stay, the more is written about it
    weight = np.minimum(frail * noted * (0.5 + 0.30 * stays["severity"]), 5.0)
    chances.update({code: np.minimum(share * weight, 0.8) for code, share in FRAILTY_SIGNS.items()})
    years = np.clip((stays["age"] - 18) / 52, 0.1, 1.4)
    chances.update({code: share * years for code, share in ORDINARY_CODES.items()})
    lasting = {*FRAILTY_SIGNS, *ORDINARY_CODES}
    coded = []
    for code, share in chances.items():
        draw = rng.random(count)
        if code in lasting:  # a person's own draw, so that who comes often does not collect every sign
            own = rng.random(len(lives.people["age"]))[person]
            draw = np.where(rng.random(count) < SIGNS_LAST, own, draw)
        coded.append(np.flatnonzero(draw < share))
    texts = [np.full(len(rows), code, dtype=object) for code, rows in zip(chances, coded, strict=True)]
    return np.concatenate(coded), np.concatenate(texts)
