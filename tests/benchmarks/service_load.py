"""What the running service bears: a steady rate, its saturation, three times that, and a greedy caller.

    PYTHONPATH=. python tests/benchmarks/service_load.py [--home DIR] [--rate 10] [--seconds 60]
        [--workers 2] [--json FILE]

Starts `python -m serving start` on 127.0.0.1 and asks about one inpatient at a time, with reasons, each
answer logged before it leaves.  Send times are fixed in advance and milliseconds count from them (open loop).
The model's own time is `Predictor.answer` of the same inpatients in this process, before and after.  A home
keeps its hospital and release; without one, a small hospital is simulated, fitted and promoted in a folder that
goes away.  R1: p50 at most 3 times the model's own, p99 150 ms, none over 500 ms.  P5: saturation at least 0.6
of what as many processes as workers answer with the model alone, all at once; at 60/s p99 50 ms.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from load_client import (
    Ask,
    caller,
    closed_loop,
    open_loop,
    predicting,
    reading,
    seconds_until_normal,
    summary,
    watched,
)
from load_questions import alone_per_second_of, milliseconds_of, patients_of
from load_site import Site, home_of, release_in, running, site_of

from models.release import load
from serving.children import Children
from serving.demo import Demo, prepared, sign_in_link
from serving.settings import Settings

SMALL_HOSPITAL = 1_000
CALLERS = 8
OVERLOAD = 3  # times saturation
P5_RATE = 60
GREEDY, QUOTA_PER_MINUTE = 20, 60  # 20 times a quota of one a second
LIVEZ_EVERY_SECONDS = 0.05
NORMAL_TIMES, NORMAL_WITHIN_SECONDS = 3, 20  # a quiet machine's slow answers are within three medians
NO_QUOTA = {"HOMEWARD_REQUESTS_PER_MINUTE": "1000000"}
SMALL_QUOTA = {"HOMEWARD_REQUESTS_PER_MINUTE": str(QUOTA_PER_MINUTE)}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Lengths:
    """The rate of the steady load and how many seconds each trial lasts."""

    rate: float = 10
    steady: float = 60
    others: float = 10


def measured(
    home: Path | None = None, lengths: Lengths = Lengths(), say: Say = lambda stage: None, workers: int = 2
) -> dict[str, Any]:
    """Return the figures of every trial; the service is started twice, the second time with a small quota.

    `steady`, `overload`, `p5`, `greedy` and `modest` are each a `summary` with its `rate`; beside them are
    `model_ms`, `p50_over_model`, `alone_per_second`, `saturation_per_second`, `saturation_over_alone`,
    `cpu_ms_per_answer` of all processes of the service, and `cores_of_others`, which is what else the machine
    did meanwhile.
    """
    with home_of(home) as folder:
        demo = Demo(Settings.read({"HOMEWARD_HOME": str(folder)}), SMALL_HOSPITAL, say)
        with Children(demo.settings.environment(os.environ)) as children:
            prepared(demo, children)
        patients = patients_of(demo.folder / "hospital")
        say("asking the model alone, in this process")
        folder = release_in(demo.settings)
        release = load(folder)
        alone = milliseconds_of(release, patients)
        at_once = [alone_per_second_of(folder, demo.folder / "hospital", workers, lengths.others)]
        bodies = [patient.body for patient in patients]
        with running(demo, {**NO_QUOTA, "HOMEWARD_WORKERS": str(workers)}) as settings:
            found = asyncio.run(loads(site_of(settings, bodies), lengths, say))
        alone += milliseconds_of(release, patients)  # before and after: a busy machine changes by the minute
        at_once += [alone_per_second_of(folder, demo.folder / "hospital", workers, lengths.others)]
        with running(demo, SMALL_QUOTA) as settings:
            say("one caller at 20 times its quota, another within its own")
            link = sign_in_link(settings, datetime.now(UTC))
            shares = asyncio.run(greedy_and_modest(site_of(settings, bodies), link, lengths.others))
    return {
        **found,
        **shares,
        "workers": workers,
        **ratios(found, float(np.median(alone)), float(np.mean(at_once))),
    }


def ratios(found: Mapping[str, Any], model_ms: float, alone_per_second: float) -> dict[str, float]:
    """Return what the service adds to the model's own time, and what it leaves of what the model can answer."""
    return {
        "model_ms": model_ms,
        "alone_per_second": alone_per_second,
        "p50_over_model": found["steady"]["p50_ms"] / model_ms,
        "saturation_over_alone": found["saturation_per_second"] / alone_per_second,
    }


async def loads(site: Site, lengths: Lengths, say: Say) -> dict[str, Any]:
    """Return the steady load, the saturation, three times that with the way back, and 60 a second."""
    async with site.caller() as client:
        ask = predicting(client, site.bodies)
        quiet_ms = summary(await open_loop(ask, 1, 6), 6)["p50_ms"]
        say(f"{lengths.rate:g} questions a second for {lengths.steady:g} s")
        steady = summary(await open_loop(ask, lengths.rate, lengths.steady), lengths.steady)
        say(f"{CALLERS} callers, each as fast as it is answered")
        saturated = await _saturated(ask, lengths.others)
        rate = OVERLOAD * saturated["saturation_per_second"]
        say(f"{rate:.1f} a second, which is {OVERLOAD} times what it can answer, for {lengths.others:g} s")
        overload = await _overloaded(site, ask, rate, lengths.others)
        normal = await seconds_until_normal(ask, NORMAL_TIMES * quiet_ms, NORMAL_WITHIN_SECONDS)
        say(f"{P5_RATE} questions a second for {lengths.others:g} s")
        p5 = summary(await open_loop(ask, P5_RATE, lengths.others), lengths.others)
    return {
        "steady": {"rate": lengths.rate, **steady},
        **saturated,
        "overload": {"rate": rate, **overload, "seconds_until_normal": normal},
        "p5": {"rate": P5_RATE, **p5},
    }


async def _saturated(ask: Ask, seconds: float) -> dict[str, float]:
    psutil.cpu_percent()
    service, ours = _cpu_seconds()
    per_second = await closed_loop(ask, CALLERS, seconds)
    busy = psutil.cpu_percent() / 100 * (psutil.cpu_count() or 1)
    service_after, ours_after = _cpu_seconds()
    used = service_after - service
    return {
        "saturation_per_second": per_second,
        "cpu_ms_per_answer": 1000 * used / (per_second * seconds),
        "cores_of_others": max(0.0, busy - (used + ours_after - ours) / seconds),
    }


def _cpu_seconds() -> tuple[float, float]:
    """Return the CPU time of the processes that we started, and our own."""
    us = psutil.Process()
    each = [sum(process.cpu_times()[:2]) for process in us.children(recursive=True)]
    return sum(each), sum(us.cpu_times()[:2])


async def _overloaded(site: Site, ask: Ask, rate: float, seconds: float) -> dict[str, Any]:
    over = asyncio.Event()
    async with caller(site.url) as stranger:
        watching = asyncio.ensure_future(watched(reading(stranger, "/livez"), LIVEZ_EVERY_SECONDS, over))
        found = summary(await open_loop(ask, rate, seconds), seconds)
        over.set()
        probes = await watching
    return {
        **found,
        "livez_asked": len(probes),
        "livez_max_ms": max(one.ms for one in probes),
        "livez_errors": sum(one.status != HTTPStatus.OK for one in probes),
    }


async def greedy_and_modest(site: Site, link: str, seconds: float) -> dict[str, Any]:
    """Return what the ward system got at 20 times its quota, and a person who read the board within theirs."""
    quota = QUOTA_PER_MINUTE / 60
    async with site.caller() as greedy, caller(site.url) as person:
        await person.get(link)
        flood, modest = await asyncio.gather(
            open_loop(predicting(greedy, site.bodies), GREEDY * quota, seconds),
            open_loop(reading(person, "/board"), quota / 2, seconds),
        )
    return {
        "greedy": {"rate": GREEDY * quota, **summary(flood, seconds)},
        "modest": {"rate": quota / 2, **summary(modest, seconds)},
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
        f"saturation {most:.1f} a second, {CALLERS} callers: {found['saturation_over_alone']:.2f} of the "
        f"{found['alone_per_second']:.1f} of {found['workers']} processes with the model alone, at least 0.6\n"
        f"CPU of the service {found['cpu_ms_per_answer']:.0f} ms an answer; what else the machine did took "
        f"{found['cores_of_others']:.2f} cores\n"
        f"/livez meanwhile at most {over['livez_max_ms']:.0f} ms of {over['livez_asked']}, errors "
        f"{over['livez_errors']}; normal again after {over['seconds_until_normal']:.1f} s"
    )


def _say(stage: str) -> None:
    print(stage, file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(
        signal.SIGTERM, lambda number, _: sys.exit(128 + number)
    )  # so that the service is stopped too
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = measured(given.home, Lengths(given.rate, given.seconds), _say, given.workers)
    print(f"{table(found)}\n{sentences(found)}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
