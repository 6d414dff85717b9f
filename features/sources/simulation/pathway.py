"""Which way home: pathway 0 without help, 1 with help at home, 2 through a bed elsewhere, 3 to a care home."""

import numpy as np

from features.sources.simulation.chance import linear
from features.sources.simulation.numbers import Array, Floats, Rows, parameters, picked

PATHWAYS = 4


def pathway_weights(facts: Rows) -> Floats:
    """Return the weights of pathways 0 to 3: [row, pathway]."""
    table = parameters()["pathway"]
    logs = [linear(table[name], facts) for name in ("P1", "P2", "P3")]
    return np.exp(np.column_stack([np.zeros(len(logs[0])), *logs]))


def working_weights(facts: Rows) -> Floats:
    """Return the weights of a working pathway, which does not follow the scores of the day."""
    count = len(facts["status"])
    typical = np.full(count, parameters()["pathway"]["working_mobility"])
    none = np.zeros(count)
    return pathway_weights({**facts, "mobility": typical, "delirium": none, "end_of_life": none})


def pathway_when_ready(now: Rows, facts: Rows, rng: np.random.Generator) -> Array:
    """Return the pathway of who becomes ready now: mostly the working one; on the day of arrival none."""
    anew = picked(pathway_weights(facts), rng)
    keeps = (now["working"] >= 0) & (rng.random(len(anew)) < parameters()["pathway"]["kept_when_ready"])
    return np.where(now["day"] == 0, 0, np.where(keeps, now["working"], anew))


def closed(closure: Array, pathway: Array) -> Array:
    """Return where a person waits for a care home while those do not take anybody."""
    return np.asarray(closure & (pathway == 3))
