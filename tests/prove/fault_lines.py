"""The lines R9, R11 and R13: is what goes wrong answered, and what is wrong of a patient flagged?"""

from pathlib import Path
from tempfile import TemporaryDirectory

from flags import Flagged, flagged
from inputs import Inputs
from line import Found, Line
from service_faults import SERVICE_FAULTS, Outcome, outcome
from worker_kills import Kill, worker_kills

from features.sources.simulation.estimate import Estimate
from models import release
from training.home import golden_rows

KILLS = 50


def lines() -> tuple[Line, ...]:
    """Return the lines; what several ask is done once."""
    faults = f"{len(SERVICE_FAULTS)} faults of disk, clock, bodies, models and stores"
    kills = f"One of two workers killed in mid-request {KILLS} times"
    return (
        Line("R9a", f"{kills}: unanswered, beyond those on their way", "0", _unanswered, 0, 0),
        Line("R9b", f"{kills}: seconds to the next answer at most", "at most 10", _back, 0, 10),
        Line("R11a", f"{faults}: answered otherwise than documented", "0", _undocumented, 0, 0),
        Line("R11b", f"{faults}: predictions returned and not logged", "0", _unlogged, 0, 0),
        Line("R13a", "Facts missing, unknown, impossible or stale that are not flagged", "0", _unflagged, 0, 0),
        Line("R13b", "Flags of a patient of whom everything is known", "0", _falsely, 0, 0),
    )


def _kills(inputs: Inputs) -> list[Kill]:
    golden, at = golden_rows()
    with TemporaryDirectory(prefix="homeward-") as place:
        folder = Path(place) / "release"
        release.save(inputs.quick_release, folder, golden, at, {"source": "simulated"}, "# Card\n")
        return worker_kills(folder, Path(place) / "home", KILLS, inputs.say)


def _unanswered(inputs: Inputs) -> Found:
    found = inputs.once(_kills)
    beyond = sum(max(one.unanswered - one.in_flight, 0) for one in found)
    refused = sum(one.refused for one in found)
    failed = sum(one.unanswered for one in found)
    return Found(
        Estimate(beyond), f"{failed:,} on their way got no answer, {refused:,} were told to come again"
    )


def _back(inputs: Inputs) -> Found:
    seconds = sorted(one.seconds for one in inputs.once(_kills))
    return Found(Estimate(seconds[-1]), f"median {seconds[len(seconds) // 2]:.1f} s")


def _outcomes(inputs: Inputs) -> dict[str, Outcome]:
    with TemporaryDirectory(prefix="homeward-") as place:
        homes = ((fault, Path(place) / str(number)) for number, fault in enumerate(SERVICE_FAULTS))
        return {fault.words: outcome(fault, home) for fault, home in homes}


def _undocumented(inputs: Inputs) -> Found:
    found = inputs.once(_outcomes)
    wrong = [fault.words for fault in SERVICE_FAULTS if found[fault.words].said != fault.documented]
    return Found(Estimate(len(wrong)), ", ".join(wrong))


def _unlogged(inputs: Inputs) -> Found:
    return Found(Estimate(sum(one.unlogged for one in inputs.once(_outcomes).values())))


def _flags(inputs: Inputs) -> Flagged:
    with TemporaryDirectory(prefix="homeward-") as place:
        return flagged(inputs.quick_release, Path(place))


def _unflagged(inputs: Inputs) -> Found:
    found = inputs.once(_flags)
    silent = f"of {found.cases}; too seldom recorded to miss: {', '.join(found.absent_and_not_expected)}"
    return Found(Estimate(len(found.unflagged)), "; ".join([*found.unflagged, silent]))


def _falsely(inputs: Inputs) -> Found:
    found = inputs.once(_flags)
    return Found(Estimate(len(found.falsely)), ", ".join(found.falsely))
