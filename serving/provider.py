"""The trust's own provider of sign-ins (OpenID Connect): its address, and what its groups may do here."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.errors import HomewardError
from serving.access import Grant, granted
from serving.json_file import Watched, are_sites, read_object
from serving.systems import near_or_https

RETURN = "/sign-in/return"
FIELDS = {"issuer", "client_id", "client_secret", "groups", "groups_claim", "name_claim", "redirect_uri"}
log = logging.getLogger(__name__)


class ProviderFault(HomewardError):
    """The file of the provider cannot be used."""


@dataclass(frozen=True)
class Described:
    """The provider as its file describes it; `groups` in the order of the file, of which the first counts."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    groups: Mapping[str, Grant]
    groups_claim: str
    name_claim: str

    def group_of(self, claims: Mapping[str, Any]) -> str | None:
        """Return the first group of the file that somebody is in; None for somebody who is in none."""
        has = claims.get(self.groups_claim)
        return next((group for group in self.groups if isinstance(has, list) and group in has), None)


class Provider:
    """The provider that a file describes, read again when it has changed; none where there is no file.

    A file that was spoilt while the service runs lets nobody in, and the log says so.
    """

    def __init__(self, file: Path) -> None:
        self._file = Watched(file, _described)

    def described(self) -> Described | None:
        """Return the provider, None without a file that describes one."""
        return self._file.now()

    def grant(self, group: str) -> Grant | None:
        """Return what a group may do now; None for one that is not in the file any more."""
        described = self.described()
        return described.groups.get(group) if described is not None else None


def read_provider(file: Path) -> Described:
    """Return the provider that a file describes; raises ProviderFault with everything that is wrong with it."""
    said = read_object(file, ProviderFault)
    if faults := _faults(said):
        raise ProviderFault(f"{file}: " + "; ".join(faults))
    grants = {name: granted(one["role"], one.get("sites")) for name, one in said["groups"].items()}
    return Described(
        issuer=said["issuer"].rstrip("/"),
        client_id=said["client_id"],
        client_secret=said["client_secret"],
        redirect_uri=said["redirect_uri"],
        groups={name: grant for name, grant in grants.items() if grant is not None},
        groups_claim=said.get("groups_claim", "groups"),
        name_claim=said.get("name_claim", "sub"),
    )


def _described(file: Path) -> Described | None:
    try:
        return read_provider(file)
    except ProviderFault as fault:
        log.error("nobody can sign in at the provider: %s", fault)
        return None


def _faults(said: Mapping[str, Any]) -> list[str]:
    """Return everything that is wrong with what a file says."""
    found = [f"{name} is not known" for name in sorted(said.keys() - FIELDS)]
    for name in ("issuer", "client_id", "client_secret", "redirect_uri"):
        if not isinstance(said.get(name), str) or not said[name]:
            found.append(f"{name} must be a text")
    for name in ("groups_claim", "name_claim"):
        if not isinstance(said.get(name, "-"), str):
            found.append(f"{name} must be a text")
    for name in ("issuer", "redirect_uri"):
        if isinstance(said.get(name), str) and not near_or_https(said[name]):
            found.append(f"{name} must be an https address")
    if not str(said.get("redirect_uri")).endswith(RETURN):
        found.append(f"redirect_uri must end with {RETURN}, and start as people's browsers reach this service")
    groups = said.get("groups")
    if not isinstance(groups, dict) or not groups:
        return [*found, 'groups must name at least one, such as {"discharge-team": {"role": "coordinator"}}']
    return found + [f"group {name}: {_wrong(one)}" for name, one in groups.items() if _wrong(one)]


def _wrong(group: object) -> str:
    """Return what is wrong with a group, empty where nothing is."""
    if not isinstance(group, dict) or set(group) - {"role", "sites"} or not isinstance(group.get("role"), str):
        return "must have a role, and may have sites"
    sites = group.get("sites")
    if not are_sites(sites):
        return "sites must be a list of texts"
    return "" if granted(group["role"], sites) else "role must be coordinator, data scientist or safety officer"
