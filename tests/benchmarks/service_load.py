"""What the running service bears: a steady rate, its saturation, three times that, and a greedy caller.

    PYTHONPATH=. python tests/benchmarks/service_load.py [--home DIR] [--rate 10] [--seconds 60] [--json FILE]

Starts `python -m serving start` on 127.0.0.1 and asks about one inpatient at a time, with reasons, each
answer logged before it leaves.  Send times are fixed in advance and milliseconds count from them (open loop).
The model's own time is `Predictor.answer` of the same inpatients in this process, just before.  A home keeps
its hospital and release; without one, a small hospital is simulated, fitted and promoted in a folder that goes
away.  R1: p50 at most 3 times the model's own time, p99 150 ms, none over 500 ms.  P5, at 60/s: p99 50 ms.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from load_client import (
    caller,
    closed_loop,
    open_loop,
    predicting,
    reading,
    seconds_until_normal,
    summary,
    watched,
)
from load_questions import milliseconds_of, patients_of

from models.release import load
from serving.access import read_token
from serving.children import Children, free_port
from serving.demo import Demo, prepared, sign_in_link, started
from serving.release import release_folder
from serving.settings import Settings

SMALL_HOSPITAL = 1_000
CALLERS = 8
SATURATION_SECONDS, OVERLOAD_SECONDS = 8, 10
OVERLOAD = 3  # times saturation
P5_RATE, P5_SECONDS = 60, 10
GREEDY, QUOTA_PER_MINUTE, QUOTA_SECONDS = 20, 60, 10  # 20 times a quota of one a second
LIVEZ_EVERY_SECONDS = 0.05
NORMAL_TIMES, NORMAL_WITHIN_SECONDS = 3, 20  # a quiet machine's slow answers are within three medians
UNLIMITED = {"HOMEWARD_REQUESTS_PER_MINUTE": "1000000"}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Site:
    """A running service: its address, the ward system's token and the questions to ask."""

    demo: Demo
    bodies: Sequence[bytes]

    def caller(self) -> httpx.AsyncClient:
        """Return a client with the ward system's token."""
        token = read_token(self.demo.settings.token_file)
        return caller(self.demo.url, {"Authorization": f"Bearer {token}"})


def measured(
    home: Path | None = None, rate: float = 10, seconds: float = 60, say: Say = lambda stage: None
) -> dict[str, Any]:
    """Return the figures of every trial; the service is started twice, the second time with a small quota.

    `steady`, `overload`, `p5`, `greedy` and `modest` are each a `summary` with its `rate`; beside them are
    `model_ms`, `p50_over_model`, `saturation_per_second` and `saturation_over_one_core`.
    """
    with _home(home) as folder:
        demo = _demo(folder, say)
        with Children(demo.settings.environment(os.environ)) as children:
            prepared(demo, children)
        patients = patients_of(demo.folder / "hospital")
        release = load(_release(demo.settings))
        say("asking the model alone, in this process")
        model_ms = milliseconds_of(release, patients)
        bodies = [patient.body for patient in patients]
        with running(demo, UNLIMITED) as settings:
            site = Site(replace(demo, settings=settings), bodies)
            found = asyncio.run(_loads(site, rate, seconds, say))
        with running(demo, {"HOMEWARD_REQUESTS_PER_MINUTE": str(QUOTA_PER_MINUTE)}) as settings:
            say("one caller at 20 times its quota, another within its own")
            greedy = asyncio.run(_greedy(Site(replace(demo, settings=settings), bodies)))
    ratios = {
        "p50_over_model": found["steady"]["p50_ms"] / model_ms,
        "saturation_over_one_core": found["saturation_per_second"] * model_ms / 1000,
    }
    return {"model_ms": model_ms, **found, **ratios, **greedy}


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    if given:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="homeward-load-") as folder:
        yield Path(folder)


def _demo(home: Path, say: Say) -> Demo:
    return Demo(Settings.read({"HOMEWARD_HOME": str(home)}), SMALL_HOSPITAL, say)


def _release(settings: Settings) -> Path:
    os.environ["BENTOML_HOME"] = str(settings.home / "bentoml")  # BentoML reads it when it is imported
    return release_folder(settings.release)


@contextmanager
def running(demo: Demo, more: Mapping[str, str]) -> Iterator[Settings]:
    """Run the service on a free port, with more settings, and give those it runs with."""
    own = {"HOMEWARD_HOME": str(demo.settings.home), "HOMEWARD_PORT": str(free_port()), **more}
    settings = Settings.read(own)
    with (
        Children(settings.environment(os.environ)) as children,
        closing(started(replace(demo, settings=settings), children)),
    ):
        yield settings


async def _loads(site: Site, rate: float, seconds: float, say: Say) -> dict[str, Any]:
    async with site.caller() as client, caller(site.demo.url, {}) as stranger:
        ask, livez = predicting(client, site.bodies), reading(stranger, "/livez")
        await open_loop(ask, 2, 3)  # warms up
        say(f"{rate:g} questions a second for {seconds:g} s")
        steady = summary(await open_loop(ask, rate, seconds), seconds)
        say(f"{CALLERS} callers, each as fast as it is answered")
        saturation = await closed_loop(ask, CALLERS, SATURATION_SECONDS)
        say(f"{OVERLOAD} times what it can answer, for {OVERLOAD_SECONDS} s")
        quiet_ms = summary(await open_loop(ask, 1, 4), 4)["p50_ms"]
        over = asyncio.Event()
        watching = asyncio.ensure_future(watched(livez, LIVEZ_EVERY_SECONDS, over))
        overload = summary(await open_loop(ask, OVERLOAD * saturation, OVERLOAD_SECONDS), OVERLOAD_SECONDS)
        over.set()
        probes = await watching
        normal = await seconds_until_normal(ask, NORMAL_TIMES * quiet_ms, NORMAL_WITHIN_SECONDS)
        say(f"{P5_RATE} questions a second for {P5_SECONDS} s")
        p5 = summary(await open_loop(ask, P5_RATE, P5_SECONDS), P5_SECONDS)
    livez_ms = {"livez_max_ms": max(one.ms for one in probes), "livez_asked": len(probes)}
    overload |= {**livez_ms, "livez_errors": sum(one.status != httpx.codes.OK for one in probes)}
    return {
        "steady": {"rate": rate, **steady},
        "saturation_per_second": saturation,
        "overload": {"rate": OVERLOAD * saturation, **overload, "seconds_until_normal": normal},
        "p5": {"rate": P5_RATE, **p5},
    }


async def _greedy(site: Site) -> dict[str, Any]:
    """Return what the ward system got at 20 times its quota, and a person who read the board within theirs."""
    quota = QUOTA_PER_MINUTE / 60
    async with site.caller() as greedy, caller(site.demo.url, {}) as person:
        await person.get(sign_in_link(site.demo.settings, datetime.now(UTC)))
        flood, modest = await asyncio.gather(
            open_loop(predicting(greedy, site.bodies), GREEDY * quota, QUOTA_SECONDS),
            open_loop(reading(person, "/board"), quota / 2, QUOTA_SECONDS),
        )
    return {
        "greedy": {"rate": GREEDY * quota, **summary(flood, QUOTA_SECONDS)},
        "modest": {"rate": quota / 2, **summary(modest, QUOTA_SECONDS)},
    }


TRIALS = {
    "steady": "steady (R1)",
    "overload": "3 x saturation (R2)",
    "p5": "60 a second (P5)",
    "greedy": "20 x its quota (R2)",
    "modest": "beside it, within (R2)",
}
COLUMNS = ("rate", "p50_ms", "p95_ms", "p99_ms", "max_ms", "per_second", "errors", "bare")


def table(found: Mapping[str, Any]) -> str:
    """Return the trials as text: milliseconds of answers of status 200; `bare` is no refusal that says when."""
    lines = [f"{'trial':<24}" + "".join(f"{name:>11}" for name in COLUMNS) + "  statuses"]
    for name, words in TRIALS.items():
        cells = "".join(f"{found[name][column]:>11.5g}" for column in COLUMNS)
        lines.append(f"{words:<24}{cells}  {found[name]['statuses']}")
    return "\n".join(lines)


def sentences(found: Mapping[str, Any]) -> str:
    """Return what the table does not show."""
    model, over, most = found["model_ms"], found["overload"], found["saturation_per_second"]
    return (
        f"the model's own time {model:.1f} ms; p50 is {found['p50_over_model']:.2f} times that, at most 3\n"
        f"saturation {most:.1f} a second, {CALLERS} callers: {found['saturation_over_one_core']:.2f} of what "
        "one core answers in process, at least 0.6\n"
        f"/livez meanwhile at most {over['livez_max_ms']:.0f} ms of {over['livez_asked']}, errors "
        f"{over['livez_errors']}; normal again after {over['seconds_until_normal']:.1f} s"
    )


def _say(stage: str) -> None:
    print(stage, file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = measured(given.home, given.rate, given.seconds, _say)
    print(f"{table(found)}\n{sentences(found)}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
