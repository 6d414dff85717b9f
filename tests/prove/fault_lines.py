"""The lines R11: does a service answer as documented whatever goes wrong around it?"""

from pathlib import Path
from tempfile import TemporaryDirectory

from inputs import Inputs
from line import Found, Line
from service_faults import SERVICE_FAULTS, Outcome, outcome

from features.sources.simulation.estimate import Estimate


def lines() -> tuple[Line, ...]:
    """Return the lines; what several ask is done once."""
    faults = f"{len(SERVICE_FAULTS)} faults of disk, clock, bodies, models and stores"
    return (
        Line("R11a", f"{faults}: answered otherwise than documented", "0", _undocumented, 0, 0),
        Line("R11b", f"{faults}: predictions returned and not logged", "0", _unlogged, 0, 0),
    )


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
