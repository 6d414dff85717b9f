"""An MLflow tracking server that asks for a user and a password.

MLflow's own login (`--app-name basic-auth`) needs Flask-WTF, which is not in the lock; where it is missing, a
reverse proxy of a few lines asks instead, as a trust's would.
"""

import base64
import importlib.util
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

USER, PASSWORD = "admin", "a long password 1"
OWN_LOGIN = importlib.util.find_spec("flask_wtf") is not None
PASSED_ON = ("content-type", "accept", "range")
STARTS_WITHIN_SECONDS = 240


@contextmanager
def tracking_server(place: Path) -> Iterator[str]:
    """Run a server that keeps everything in a folder, and yield its address."""
    port = free_port()
    line = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    line += [
        "--backend-store-uri",
        f"sqlite:///{place}/runs.db",
        "--artifacts-destination",
        str(place / "files"),
    ]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment |= {
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(),
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
    }
    line += ["--app-name", "basic-auth"] if OWN_LOGIN else []
    with (place / "server.log").open("w") as log:
        server = subprocess.Popen(
            line, cwd=place, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            inner = f"http://127.0.0.1:{port}"
            _wait(server, inner, place / "server.log")
            if OWN_LOGIN:
                yield inner
            else:
                with _proxy(inner) as address:
                    yield address
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


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


@contextmanager
def _proxy(inner: str) -> Iterator[str]:
    wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)) or self._chunks()
            if self.headers.get("authorization") != wanted:
                return self._answer(401, b"who are you?", "text/plain", (("WWW-Authenticate", "Basic"),))
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            found = httpx.request(self.command, inner + self.path, headers=headers, content=body, timeout=60)
            self._answer(found.status_code, found.content, found.headers.get("content-type", "text/plain"), ())

        def _chunks(self) -> bytes:
            whole = b""
            if self.headers.get("transfer-encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    whole += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            return whole

        def _answer(self, status: int, body: bytes, kind: str, more: tuple[tuple[str, str], ...]) -> None:
            self.send_response(status)
            for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *more):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815

        def log_message(self, *words: object) -> None:
            return

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        proxy.server_close()
