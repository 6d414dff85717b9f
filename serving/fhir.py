"""What the service did, as FHIR AuditEvents (R4B): https://hl7.org/fhir/R4B/auditevent.html."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

Action = Literal["C", "R", "U", "D", "E"]
"""Create, read, update, delete, execute."""
OUTCOMES = {"success": "0", "minor failure": "4", "serious failure": "8"}
REST = {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"}
SYSTEMS = "https://homeward.invalid/audit/"


def audit_event(
    operation: str,
    action: Action,
    at: datetime,
    agent: str,
    entities: Sequence[dict[str, Any]] = (),
    outcome: str = "success",
) -> dict[str, Any]:
    """Return an AuditEvent: who (`agent`) did what (a route or command) when, to which entities."""
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "type": REST,
        "subtype": [{"system": SYSTEMS + "operation", "code": operation}],
        "action": action,
        "recorded": at.isoformat(),
        "outcome": OUTCOMES[outcome],
        "agent": [{"who": {"display": agent}, "requestor": True}],
        "source": {"observer": {"display": "Homeward"}},
    }
    return {**event, "entity": list(entities)} if entities else event


def entity(kind: str, value: str, **details: str | int) -> dict[str, Any]:
    """Return what an operation was about, with details such as how many rows and their digest."""
    told = {"what": {"identifier": {"system": SYSTEMS + kind, "value": value}}}
    if not details:
        return told
    return {**told, "detail": [{"type": name, "valueString": str(it)} for name, it in details.items()]}


def details_of(event: dict[str, Any], kind: str) -> dict[str, str]:
    """Return the details of the first entity of a kind, empty where the event has none."""
    for one in event.get("entity", ()):
        if one["what"]["identifier"]["system"] == SYSTEMS + kind:
            return {detail["type"]: detail["valueString"] for detail in one.get("detail", ())}
    return {}
