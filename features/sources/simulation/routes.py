"""Which pathway people take when they become ready, as known at a moment."""

import numpy as np

from features.sources.simulation.kernel import MOBILITY_LEVELS, STATUSES, UNASSESSED, frailty_shares
from features.sources.simulation.numbers import Array, Floats, Rows, parameters
from features.sources.simulation.pathway import PATHWAYS, pathway_weights, working_weights


class Routes:
    """Chances of pathways, [row, status, end of life, mobility, delirium], and of what an assessment finds."""

    def __init__(
        self, stays: Rows, facts: Rows, status: Array, alone: Array, working: Array, open_statuses: bool
    ) -> None:
        self.facts, self.status, self.alone, self.working = facts, status, alone, working
        self.status_shares = frailty_shares(stays["age"], stays["care_home"], stays["earlier_frailty"])
        self.said_alone = _said_alone(stays)
        columns = [np.full(len(status), number) for number in range(STATUSES)] if open_statuses else [status]
        self.chances = np.stack([self._of_status(column) for column in columns], axis=1)

    def by_state(self) -> Floats:
        """Return the same with rows last: [status, end of life, mobility, delirium, pathway, row]."""
        return np.ascontiguousarray(np.moveaxis(self.chances, 0, -1))

    def _of_status(self, column: Array) -> Floats:
        known = (self.status == column) & (self.status != UNASSESSED)
        alone_known = np.where(known, self.alone == 1, False).astype(np.float64)
        lives_alone = np.where(known, alone_known, self.said_alone)
        unasked = column == UNASSESSED
        found = []
        for alone in (0.0, 1.0):
            final, working = self._drawn(column, np.full(len(column), alone))
            keeps = parameters()["pathway"]["kept_when_ready"]
            charted = np.eye(PATHWAYS)[np.maximum(self.working, 0)]
            working = np.where(known[:, None], charted, working)
            mixed = keeps * working[:, None, None, None, :] + (1 - keeps) * final
            found.append(np.where(unasked[:, None, None, None, None], final, mixed))
        weight = np.where(unasked, 0.0, lives_alone)[:, None, None, None, None]
        return (1 - weight) * found[0] + weight * found[1]

    def _drawn(self, status: Array, alone: Floats) -> tuple[Floats, Floats]:
        """Return the chances of a pathway drawn when ready, and of a working one."""
        count = len(status)
        shape = (count, 2, MOBILITY_LEVELS, 2)
        grid = np.meshgrid(
            np.arange(count), np.arange(2), np.arange(MOBILITY_LEVELS), np.arange(2), indexing="ij"
        )
        row, end_of_life, mobility, delirium = (axis.ravel() for axis in grid)
        static = {name: values[row] for name, values in self.facts.items()}
        charted = {"status": status[row], "lives_alone": alone[row]}
        state = {"end_of_life": end_of_life, "mobility": mobility, "delirium": delirium}
        final = _shares(pathway_weights({**static, **charted, **state})).reshape(*shape, PATHWAYS)
        return final, _shares(working_weights({**self.facts, "status": status, "lives_alone": alone}))


def _said_alone(stays: Rows) -> Floats:
    """Return the chance that an assessment charts the person as living alone."""
    pool = parameters()["people"]
    by_age = np.asarray(pool["lives_alone"])[stays["band"]]
    share = np.where(stays["earlier_alone"] >= 0, stays["earlier_alone"], by_age)
    share = np.where(np.asarray(stays["care_home"]), 0.0, share)
    return share * parameters()["observation"]["alone_asked"]


def _shares(weights: Floats) -> Floats:
    return weights / weights.sum(axis=1, keepdims=True)
