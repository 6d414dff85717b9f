"""Commands about who may come in: ward systems by their keys, people by accounts and links."""

import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from serving.operations import BY, opened_store
from serving.settings import Settings

if TYPE_CHECKING:
    from serving.access import Role
    from serving.fhir import Action
    from serving.store.store import Store

key = typer.Typer(no_args_is_help=True, help="Ward systems, and the keys that they sign their tokens with.")
user = typer.Typer(no_args_is_help=True, help="People with a name and a password, and who was shut out.")
Name = Annotated[str, typer.Argument(help="The name, as it is noted in the audit")]
Sites = Annotated[list[str] | None, typer.Option("--site", help="See this site only; may be repeated")]


class PersonRole(StrEnum):
    """The roles of people, as they are typed."""

    COORDINATOR = "coordinator"
    DATA_SCIENTIST = "data-scientist"
    SAFETY_OFFICER = "safety-officer"

    @property
    def role(self) -> "Role":
        """The role of the name."""
        from serving.access import role_named

        found = role_named(self.value)
        assert found
        return found


Wanted = Annotated[
    PersonRole, typer.Option("--role", help="What they may see; a data scientist sees no patients")
]


@key.command("add")
def add_key(
    name: Name,
    jwks: Annotated[
        str | None,
        typer.Option(help="Its public keys: a file, or an https address; a pair is made if left out"),
    ] = None,
    site: Sites = None,
) -> None:
    """Let a ward system in; prints the file of its keys."""
    from serving.signing import register

    with opened_store() as store:
        file = register(Settings.read(os.environ), name, jwks, site or None)
        _note(store, "key add", "C", name)
    typer.echo(file)


@key.command("remove")
def remove_key(name: Name) -> None:
    """Shut a ward system out, at once."""
    from serving.signing import remove

    with opened_store() as store:
        remove(Settings.read(os.environ), name)
        _note(store, "key remove", "D", name)


@key.command("list")
def list_keys() -> None:
    """Print each ward system with its sites."""
    from serving.systems import Systems, read_system

    settings = Settings.read(os.environ)
    for name in Systems(settings.systems).names():
        sites = read_system(settings.systems / f"{name}.json").sites
        typer.echo(f"{name}  {', '.join(sorted(sites)) if sites is not None else 'every site'}")


def token(name: Annotated[str, typer.Argument(help="A ward system whose key was made here")] = "demo") -> None:
    """Print a signed token: it opens one request within five minutes."""
    from serving.signing import Signed

    typer.echo(Signed(Settings.read(os.environ), name).token())


def link(role: Wanted = PersonRole.COORDINATOR) -> None:
    """Print an address that signs one person in, once, within the hour."""
    from serving.demo import sign_in_link

    typer.echo(sign_in_link(Settings.read(os.environ), datetime.now(UTC), role.role))


@user.command("add")
def add_user(name: Name, role: Wanted, site: Sites = None) -> None:
    """Make an account, or change one; the password is asked for, or read from standard input."""
    from serving import accounts

    with opened_store() as store:
        accounts.add(store, name, _password(), role.role, site or None, datetime.now(UTC), BY)


@user.command("remove")
def remove_user(name: Name) -> None:
    """Shut somebody out and end their sessions; people of the provider too, as `user list` names them."""
    from serving import accounts

    with opened_store() as store:
        ended = accounts.remove(store, name, datetime.now(UTC), BY)
    typer.echo(f"{name} is let in no more; {ended} sessions ended")


@user.command("restore")
def restore_user(name: Name) -> None:
    """Let somebody in again who was removed."""
    from serving import accounts

    with opened_store() as store:
        accounts.restore(store, name, datetime.now(UTC), BY)


@user.command("list")
def list_users() -> None:
    """Print each account, and who is signed in."""
    from serving.store.accounts import accounts
    from serving.store.sessions import sessions

    with opened_store() as store, store.reading() as connection:
        for one in accounts(connection):
            sites = ", ".join(sorted(one.sites)) if one.sites is not None else "every site"
            typer.echo(f"{one.name}  {'removed' if one.ended else f'{one.role}, {sites}'}")
        for each in sessions(connection):
            typer.echo(f"signed in since {each.began_at:%Y-%m-%d %H:%M} UTC, by {each.origin}: {each.name}")


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _note(store: "Store", operation: str, action: "Action", name: str) -> None:
    from serving.fhir import audit_event, entity

    now = datetime.now(UTC)
    with store.writing() as connection:
        store.audit(connection, now, audit_event(operation, action, now, BY, [entity("ward-system", name)]))
