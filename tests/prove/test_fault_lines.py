"""The lines of faults in their small form: each fault once."""

from pathlib import Path

import pytest
from asked_service import Service
from service_faults import SERVICE_FAULTS, ServiceFault, outcome


@pytest.mark.parametrize("fault", SERVICE_FAULTS, ids=lambda fault: fault.words)
def test_a_fault_is_answered_as_documented_and_nothing_is_returned_that_is_not_logged(
    tmp_path: Path, fault: ServiceFault
) -> None:
    found = outcome(fault, tmp_path)
    assert (found.said, found.unlogged) == (fault.documented, 0)


def test_a_prediction_that_is_not_in_the_log_is_found(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.ask()
    service.returned.append("of no row")
    assert service.unlogged == ["of no row"]
