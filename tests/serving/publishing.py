"""An address on this machine that answers what it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


class Site:
    """What an address answers, and how often it was asked."""

    def __init__(self, url: str) -> None:
        self.url, self.status, self.body, self.asked = url, 200, b"", 0


@contextmanager
def publishing(path: str) -> Iterator[Site]:
    """Give an address that answers everything alike."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked += 1
            self.send_response(found.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    found = Site(f"http://127.0.0.1:{server.server_port}{path}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
