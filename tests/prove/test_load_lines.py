"""The lines of the load in their small form: a service that answers at once, on a socket of this machine."""

import asyncio
import json
from types import SimpleNamespace

import load_lines
import pytest
from line import Line
from speed import benchmark

from serving.links import new_link_code
from tests.serving.builders import NOW, bearer, parts, ward_question
from tests.serving.listening import listening

ONE_INTERPRETER = ("R1a", "R1b", "R1c", "R2b", "R2c", "P5a", "P5b", "P5c")  # callers and service share it here


class Once:
    """Inputs whose figures are there."""

    def __init__(self, figures: load_lines.Figures) -> None:
        self.figures = figures

    def once(self, make: object) -> load_lines.Figures:
        return self.figures


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Once:
    load, home = benchmark("service_load"), tmp_path_factory.mktemp("home")
    body, lengths = json.dumps(ward_question(beds=1)).encode(), load.Lengths(rate=1, steady=3, others=2)
    of = parts(home, **load.NO_QUOTA)
    with listening(of) as port:
        site = load.Site(f"http://127.0.0.1:{port}", lambda: bearer()["Authorization"], [body])
        found = asyncio.run(load.loads(site, lengths, lambda _: None))
    limited = parts(home, **load.SMALL_QUOTA)
    with listening(limited) as port:
        site = load.Site(f"http://127.0.0.1:{port}", lambda: bearer()["Authorization"], [body])
        link = f"{site.url}/sign-in?code={new_link_code(limited.settings.links, NOW)}"
        shares = asyncio.run(load.greedy_and_modest(site, link, seconds=4))
    return Once({**found, **shares, **load.ratios(found, model_ms=50, alone_per_second=20)})


@pytest.mark.parametrize("line", load_lines.lines(), ids=lambda line: line.id)
def test_every_line_is_measured_and_those_that_need_no_quiet_machine_pass(inputs: Once, line: Line) -> None:
    found = line.measure(inputs)
    print(f"{line.id} {line.measures}: {line.told(found.figure)}, {line.target}; {found.note}")
    assert line.id in ONE_INTERPRETER or line.verdict(found) == "pass"


def test_a_refusal_that_does_not_say_when_is_found() -> None:
    client = benchmark("load_client")
    told = client.Seen(429, 1.0, "2", "application/problem+json")
    bare = [
        client.Seen(429, 1.0, "", "application/problem+json"),
        client.Seen(503, 1.0, "soon", "application/problem+json"),
        client.Seen(429, 1.0, "2", "application/json"),
        client.Seen(504, 1.0, "2", "application/problem+json"),
        client.Seen(client.NO_ANSWER, 1.0),
    ]
    found = client.summary([told, *bare, client.Seen(200, 5.0)], 1)
    assert (found["bare"], found["errors"], found["p99_ms"]) == (5, 6, 5.0)


def test_waiting_counts_from_when_a_question_was_due() -> None:
    client = benchmark("load_client")
    free_at = [0.0]

    async def one_at_a_time(_: int) -> object:
        loop = asyncio.get_running_loop()
        free_at[0] = max(free_at[0], loop.time()) + 0.05
        await asyncio.sleep(free_at[0] - loop.time())
        return SimpleNamespace(status=200, headers={})

    seen = asyncio.run(client.open_loop(one_at_a_time, rate=40, seconds=0.5))
    assert seen[-1].ms > 400  # twenty of 50 ms, asked for within half a second
