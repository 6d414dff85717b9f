"""Bodies that no ward system should send, and what an answer to them must not do."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
from hypothesis import strategies as st

from serving.calls import Operation
from tests.serving.builders import CANARY

CANARY_NUMBER = 47174717471
STRANGE = st.one_of(
    st.text(max_size=12).map(lambda text: CANARY + text),
    st.sampled_from([CANARY_NUMBER, -CANARY_NUMBER, 0.5, 1e300, 2.0, True, None, "", " ", [], {}, [None]]),
    st.sampled_from(
        ["2026-02-30T10:00:00Z", "2026-01-05T14:20:00", "0001-01-01T00:00:00Z", "cancelled", "news2"]
    ),
)
JSONS = st.recursive(
    STRANGE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["events", "for", "at", "age", "recorded_at", CANARY]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)


def bodies(operation: Operation) -> st.SearchStrategy[bytes]:
    """Make bytes, JSON of any form, and the operation's example with values changed, gone or added."""
    changes = st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(["is", "goes", "comes"]), JSONS), max_size=4
    )
    return st.one_of(
        st.binary(max_size=40),
        JSONS.map(_sent),
        changes.map(lambda some: _sent(changed(operation.example, some))),
        changes.map(lambda some: _sent(changed(operation.example, some))),
    )


def _sent(body: Any) -> bytes:
    return json.dumps(body).encode("utf-8", "surrogatepass")


def changed(example: Any, changes: list[tuple[int, str, Any]]) -> Any:
    """Return an example in which the places with these numbers hold another value, or none, or one more."""
    body = copy.deepcopy(example)
    for number, how, value in changes:
        places = list(_places(body))
        if not places:
            break
        holder, key = places[number % len(places)]
        if how == "goes":
            del holder[key]
        elif how == "comes" and isinstance(holder, dict):
            holder[CANARY] = value
        else:
            holder[key] = value
    return body


def _places(body: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(body, dict | list):
        for key in range(len(body)) if isinstance(body, list) else list(body):
            yield body, key
            yield from _places(body[key])


def wrong(body: bytes, answer: httpx.Response) -> list[str]:
    """Return what an answer to a body does that none may: fail, repeat a value, or point to nothing."""
    if answer.status_code == 200:
        return []
    said = [f"status {answer.status_code}"] if answer.status_code not in (400, 422) else []
    if CANARY in answer.text or str(CANARY_NUMBER) in answer.text:
        said.append("repeats a value")
    errors = answer.json().get("errors", [])
    if answer.status_code == 422 and not errors:
        said.append("names no fault")
    if len({(error["pointer"], error["detail"]) for error in errors}) < len(errors):
        said.append("tells a fault twice")
    return said + [f"{error['pointer']} points to nothing" for error in errors if not resolves(body, **error)]


def resolves(body: bytes, pointer: str, detail: str) -> bool:
    """Tell whether a pointer leads to a value of the body, or to a member that is missing and must be given.

    >>> [resolves(b'{"a": [1]}', pointer, "must be given") for pointer in ("", "/a/0", "/b", "/b/c", "/a/1")]
    [True, True, True, False, False]
    """
    here: Any = json.loads(body)
    steps = pointer.split("/")[1:]
    for place, step in enumerate(steps):
        last = place == len(steps) - 1
        if isinstance(here, dict) and step not in here:
            return last and "must be given" in detail
        if isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        elif isinstance(here, dict):
            here = here[step]
        else:
            return False
    return True
