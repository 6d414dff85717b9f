"""The lines R19, in a real browser: no text runs, no other host is asked, nobody is kept out or forged."""

from pathlib import Path
from tempfile import TemporaryDirectory

from inputs import Inputs
from line import Found, Line

from features.sources.simulation.estimate import Estimate
from tests.chromium import as_person, looking
from tests.looked_at import FORGED, a_ward, forged, hostile, open_hostile, violations
from tests.serving.builders import parts, person

SHOWN = ("A1", "A2", "A3", "A41")
SETTINGS = {"HOMEWARD_REQUESTS_PER_MINUTE": "1000000"}


def lines() -> tuple[Line, ...]:
    """Return the lines."""
    return (
        Line("R19a", "100 stored texts that want to run, on every page: executions", "0", _executions, 0, 0),
        Line("R19b", "Every page: addresses of other hosts asked for", "0", _elsewhere, 0, 0),
        Line("R19c", f"{len(FORGED)} forms sent by a page of another site: taken", "0", _forged, 0, 0),
        Line("R19d", "Every page: accessibility violations that axe finds", "0", _violations, 0, 0),
    )


def _executions(_: Inputs) -> Found:
    with TemporaryDirectory(prefix="homeward-") as home:
        of = parts(Path(home), **SETTINGS)
        links, cookie = hostile(of), as_person(of)
        with looking(of) as open_:
            open_hostile(open_.window(cookie).new_page(), links)
            said = [*open_.said, *open_.elsewhere]
        of.close()
    return Found(Estimate(len(said)), "; ".join([f"{1 + 2 * len(links)} pages", *said[:3]]))


def _elsewhere(_: Inputs) -> Found:
    found, asked, elsewhere = _looked_at()
    return Found(Estimate(len(elsewhere)), f"{len(found)} pages, {asked} requests")


def _violations(_: Inputs) -> Found:
    found, _asked, _elsewhere = _looked_at()
    faults = [f"{name}: {rule}" for name, rules in found.items() for rule, _ in rules]
    return Found(Estimate(len(faults)), "; ".join([f"{len(found)} pages", *faults[:3]]))


def _looked_at() -> tuple[dict[str, list[tuple[str, str]]], int, list[str]]:
    with TemporaryDirectory(prefix="homeward-") as home:
        of = parts(Path(home), **SETTINGS)
        a_ward(of)
        link, cookie = {name: f"/patients/{person(of, name)}" for name in SHOWN}, as_person(of)
        with looking(of) as open_:
            found = violations(open_.window(cookie).new_page(), link)
            asked, elsewhere = len(open_.asked), open_.elsewhere
        of.close()
    return found, asked, elsewhere


def _forged(_: Inputs) -> Found:
    with TemporaryDirectory(prefix="homeward-") as home:
        of = parts(Path(home), **SETTINGS)
        a_ward(of)
        patient, cookie = f"/patients/{person(of, 'A3')}", as_person(of)
        with looking(of) as open_:
            window = open_.window(cookie)
            statuses = {
                what: forged(window, f"{open_.url}{one.path(patient)}", one.fields)
                for what, one in FORGED.items()
            }
        of.close()
    taken = [what for what, status in statuses.items() if status not in (401, 403)]
    return Found(Estimate(len(taken)), "; ".join(taken))
