"""The lines R8, R10 and R18: is what was acknowledged kept, in whatever order it came, and found?"""

from pathlib import Path
from tempfile import TemporaryDirectory

import past
from inputs import Inputs
from killed import Killed, killed
from line import Found, Line
from streams import Differing, differing

from features.sources.simulation import simulate
from features.sources.simulation.estimate import Estimate
from tests.serving.server import postgresql_server

KILLS, KILLS_OF_POSTGRESQL = 200, 20
STREAMS = 10_000
BOARD_ROUNDS = 3
ROWS = 1_000_000


def lines() -> tuple[Line, ...]:
    """Return the lines; what several ask is done once."""
    kills = f"kill -9 of the log's writer, {KILLS} with SQLite and {KILLS_OF_POSTGRESQL} with PostgreSQL"
    streams = f"{STREAMS:,} shuffled, late, doubled streams of facts"
    return (
        Line("R8a", f"{kills}: acknowledged rows lost", "0", _lost, 0, 0),
        Line("R8b", f"{kills}: rows doubled", "0", _doubled, 0, 0),
        Line("R8c", f"{kills}: faults that the audit finds", "0", _faults_after_kills, 0, 0),
        Line("R10a", f"{streams}: stays unlike a replay in order", "0", _stays_differing, 0, 0),
        Line("R10b", f"{streams}: stays that the census knows otherwise", "0", _census_differing, 0, 0),
        Line(
            "R18a",
            f"Predictions of {BOARD_ROUNDS} board rounds that differ when made again",
            "0",
            _differ,
            0,
            0,
        ),
        Line("R18b", f"Finding one of {ROWS:,} predictions, most seconds", "at most 1", _lookup, 0, 1),
    )


def _killed(inputs: Inputs) -> tuple[Killed, ...]:
    inputs.say(f"killing a writer {KILLS + KILLS_OF_POSTGRESQL} times")
    with TemporaryDirectory(prefix="homeward-") as place, postgresql_server() as server:
        lite = killed(f"sqlite:///{Path(place) / 'killed.db'}", KILLS)
        return lite, killed(server.get_uri(), KILLS_OF_POSTGRESQL)


def _lost(inputs: Inputs) -> Found:
    found = inputs.once(_killed)
    said = sum(one.acknowledged for one in found)
    return Found(Estimate(sum(one.lost for one in found)), f"{said:,} requests were acknowledged")


def _doubled(inputs: Inputs) -> Found:
    found = inputs.once(_killed)
    return Found(Estimate(sum(one.doubled for one in found)), "each life asks again for what was cut off")


def _faults_after_kills(inputs: Inputs) -> Found:
    faults = [fault for one in inputs.once(_killed) for fault in one.faults]
    return Found(Estimate(len(faults)), "; ".join(faults[:3]))


def _streams(inputs: Inputs) -> Differing:
    with TemporaryDirectory(prefix="homeward-") as place:
        return differing(STREAMS, Path(place))


def _stays_differing(inputs: Inputs) -> Found:
    return Found(Estimate(inputs.once(_streams).alone), "a replay written apart from ours")


def _census_differing(inputs: Inputs) -> Found:
    found = inputs.once(_streams)
    return Found(
        Estimate(found.kept + len(found.faults)), "at two moments; faults of the audit are counted too"
    )


def _differ(inputs: Inputs) -> Found:
    with TemporaryDirectory(prefix="homeward-") as place:
        count, differ = past.replays(
            inputs.quick_release, simulate(3_000, seed=11, days=300), BOARD_ROUNDS, Path(place)
        )
    return Found(Estimate(differ), f"of {count:,}, each of a round and asked for")


def _lookup(inputs: Inputs) -> Found:
    inputs.say(f"writing {ROWS:,} predictions")
    with TemporaryDirectory(prefix="homeward-") as place:
        slowest = past.slowest_lookup(ROWS, Path(place) / "log.db")
    return Found(Estimate(slowest), f"by id and newest of a stay, {past.LOOKUPS} times")
