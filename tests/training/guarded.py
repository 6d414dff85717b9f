"""An MLflow tracking server that asks for a user and a password, by MLflow's own login."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from serving.children import free_port

USER, PASSWORD = "admin", "a long password 1"
STARTS_WITHIN_SECONDS = 240


@contextmanager
def tracking_server(place: Path) -> Iterator[str]:
    """Run a server that keeps everything in a folder, and yield its address."""
    port = free_port()
    kept = (
        "--backend-store-uri",
        f"sqlite:///{place}/runs.db",
        "--artifacts-destination",
        str(place / "files"),
    )
    line = [sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth", *kept, "--workers", "1"]
    environment = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(),
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
    }
    with (place / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*line, "--host", "127.0.0.1", "--port", str(port)],
            cwd=place,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(server, address, place / "server.log")
            yield address
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=30)


def _wait(server: subprocess.Popen, address: str, log: Path) -> None:
    last = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < last:
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(f"{address}/health", timeout=5).status_code < 500:
                return
        except httpx.HTTPError:
            time.sleep(0.3)
    raise AssertionError(f"no server after {STARTS_WITHIN_SECONDS} s: {log.read_text()[-2000:]}")
