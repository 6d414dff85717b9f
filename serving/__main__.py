"""`python -m serving`: start the service, fill its census, look after what it keeps, or see it all at once."""

import json
import os
import shutil
import signal
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from features.errors import HomewardError
from serving import operations, privacy
from serving.access_commands import key, link, token, user
from serving.settings import Settings

commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
for command in (*operations.COMMANDS, *privacy.COMMANDS, token, link):
    commands.command()(command)
commands.add_typer(key, name="key")
commands.add_typer(user, name="user")
SMALL_HOSPITAL, DEMO_HOSPITAL = 4_000, 20_000


@commands.command()
def start() -> None:
    """Start the service; it refuses to start without a verified release."""
    settings = Settings.read(os.environ)
    from serving.starting import check

    check(settings)
    environment = settings.environment(os.environ)
    address = ["--host", settings.host, "--port", str(settings.port)]
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Homeward", *address]
    os.execve(sys.executable, command, environment)


@commands.command()
def demo(
    check: Annotated[bool, typer.Option(help="Go the whole way once, print one prediction, stop")] = False,
    admissions: Annotated[int | None, typer.Option(help="Size of the simulated hospital", min=500)] = None,
) -> None:
    """Simulate a hospital, train on it, start the service and fill the board."""
    settings = Settings.read(os.environ)
    signal.signal(signal.SIGTERM, _leave)  # so that what was started is stopped on the way out
    if not check:
        # A home of its own, so that simulated patients and releases never mix with a hospital's.
        own = settings if os.environ.get("HOMEWARD_HOME") else replace(settings, home=settings.home / "demo")
        _show(Settings.read({**os.environ, "HOMEWARD_HOME": str(own.home)}), admissions or DEMO_HOSPITAL)
        return
    temporary = None if os.environ.get("HOMEWARD_HOME") else Path(tempfile.mkdtemp(prefix="homeward-"))
    if temporary:
        settings = Settings.read({**os.environ, "HOMEWARD_HOME": str(temporary)})
    try:
        print(_checked(settings, admissions or SMALL_HOSPITAL))
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def _checked(settings: Settings, admissions: int) -> str:
    """Return one authenticated prediction as JSON, after the whole way from nothing to the board."""
    from serving.children import Children
    from serving.demo import Demo, asked, board_opens, filled, on_free_port, prepared, started

    now, demo = datetime.now(UTC), Demo(on_free_port(settings), admissions, _say)
    with Children(demo.settings.environment(os.environ)) as children:
        prepared(demo, children)
        question = filled(demo, children, now)
        with closing(started(demo, children)) as client:
            prediction = asked(client, question)
        board_opens(demo, datetime.now(UTC))
    return json.dumps(prediction)


def _show(settings: Settings, admissions: int) -> None:
    """Run the demonstration until somebody stops it."""
    from serving.children import Children, free_port
    from serving.demo import Demo, curl_line, filled, mlflow_page, prepared, sign_in_link, started

    port = free_port(settings.port)
    if port != settings.port:
        _say(f"port {settings.port} is taken, so this uses {port}; HOMEWARD_PORT chooses another")
    demo = Demo(replace(settings, port=port), admissions, _say, until=datetime.now(UTC).replace(microsecond=0))
    with Children(demo.settings.environment(os.environ)) as children:
        prepared(demo, children)
        filled(demo, children, datetime.now(UTC))
        started(demo, children).close()
        runs = mlflow_page(demo, children)
        print("\nHomeward is up, its board full of simulated inpatients. Ctrl-C stops it.\n")
        print(f"  Board        {sign_in_link(demo.settings, datetime.now(UTC))}")
        environment = f"HOMEWARD_HOME={demo.settings.home} HOMEWARD_PORT={port}"
        print(f"               signs you in once, within the hour; for another: {environment}")
        print(f"               {sys.executable} -m serving link")
        print(f"  For systems  {demo.url}/v1/docs")
        print(f"  MLflow       {runs} (takes a moment to start)")
        print(f"\n  {curl_line(demo)}\n", flush=True)
        children.watch()


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run a command; what a person can mend is one sentence and exit code 2."""
    try:
        commands()
    except HomewardError as error:
        _say(str(error))
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
