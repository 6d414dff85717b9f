"""The lines R12: does the service do what its contract says, whatever it is asked?"""

import logging
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from inputs import Inputs
from line import Found, Line

from features.sources.simulation.estimate import Estimate
from serving.calls import OPERATIONS, Operation
from tests.serving import conforming
from tests.serving.bodies import bodies, wrong
from tests.serving.builders import Client, client, parts, predicted

CASES = 20_000
EXAMPLES = 150  # of each kind an operation, in one round of another seed


def lines(cases: int = CASES, examples: int = EXAMPLES) -> tuple[Line, ...]:
    """Return the lines; `examples` is for each operation and round, and there are rounds until `cases`."""

    def asked(inputs: Inputs) -> conforming.Found:
        return contract_kept(cases, examples, inputs)

    def sent(inputs: Inputs) -> Found:
        return bodies_borne(cases, inputs)

    said = f"{cases:,} requests by schemathesis"
    return (
        Line(
            "R12a", f"{said}: where contract and service differ", "0", lambda it: _faults(it.once(asked)), 0, 0
        ),
        Line("R12b", f"{said}: answers with 5xx", "0", lambda it: _failed(it.once(asked)), 0, 0),
        Line("R12c", f"{cases:,} bodies of any bytes: 5xx, a value repeated, a false pointer", "0", sent, 0, 0),
    )


def contract_kept(cases: int, examples: int, inputs: Inputs) -> conforming.Found:
    """Ask a service with a predictor that answers at once, round after round with another seed."""
    found, seed = conforming.Found(), 0
    with TemporaryDirectory(prefix="homeward-") as home:
        of = parts(Path(home), **conforming.NO_QUOTA)
        predicted(of)
        logging.disable(logging.WARNING)
        while found.total < cases:
            seed += 1
            found = found.and_of(conforming.contract(conforming.whole(of), examples, seed=seed))
            inputs.say(f"{found.total:,} requests, {len(found.faults)} faults")
        logging.disable(logging.NOTSET)
        of.close()
    return found


def _faults(found: conforming.Found) -> Found:
    kinds = Counter(fault.splitlines()[0] for fault in found.faults)
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(found.statuses.items()))
    worst = "".join(f"; {kind} ({count})" for kind, count in kinds.most_common(5))
    note = f"{found.total:,} requests, {found.checks.total():,} checks of {len(found.checks)} kinds; {statuses}"
    return Found(Estimate(len(found.faults)), note + worst)


def _failed(found: conforming.Found) -> Found:
    return Found(Estimate(sum(count for status, count in found.statuses.items() if status >= 500)))


def bodies_borne(cases: int, inputs: Inputs) -> Found:
    """Send bodies of any bytes and JSON, and changed examples, to each operation with a body."""
    operations = [one for one in OPERATIONS if one.request]
    faults: Counter[str] = Counter()
    with TemporaryDirectory(prefix="homeward-") as home:
        of = parts(Path(home), **conforming.NO_QUOTA)
        logging.disable(logging.WARNING)
        for operation in operations:
            faults += _faults_of(operation, client(of), -(-cases // len(operations)))
            inputs.say(f"{operation.name}: {faults.total()} faults so far")
        logging.disable(logging.NOTSET)
        of.close()
    return Found(Estimate(faults.total()), ", ".join(f"{fault} {count}" for fault, count in faults.items()))


def _faults_of(operation: Operation, caller: Client, cases: int) -> Counter[str]:
    path, faults = operation.path.replace("{admission_id}", "A1001"), Counter[str]()

    @settings(max_examples=cases, deadline=None, derandomize=True, database=None)
    @given(bodies(operation))
    def each(body: bytes) -> None:
        answer = caller.request(operation.method, path, {"Content-Type": "application/json"}, content=body)
        faults.update(wrong(body, answer))

    each()
    return faults
