"""Our application on a real socket of 127.0.0.1, for what only a socket can show."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.gate import Gate
from serving.routes import Parts, application
from tests.serving.builders import bearer

HEAD = (
    "POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n"
    "Content-Type: application/json\r\n{length}\r\n\r\n"
)


@contextmanager
def listening(of: Parts) -> Iterator[int]:
    """Serve the parts behind their gate on a port of their own, and give the port."""
    taken = socket.create_server(("127.0.0.1", 0), backlog=512)
    app = Gate(_with_livez(application(of)), of.guard)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield int(taken.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)


def _with_livez(app: ASGIApp) -> ASGIApp:
    """Answer /livez as BentoML does, which is not here."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        answer = PlainTextResponse("\n") if scope["path"] == "/livez" else app
        await answer(scope, receive, send)

    return answered


@contextmanager
def begun(port: int, length: str, token: str = "") -> Iterator[socket.socket]:
    """Give a connection on which a question's head was sent, and nothing of its body."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as connection:
        connection.sendall(HEAD.format(token=token or bearer()["Authorization"], length=length).encode())
        yield connection


def status(connection: socket.socket) -> int:
    """Wait for the first bytes of the answer and return its status."""
    return int(connection.recv(4096).split()[1])
