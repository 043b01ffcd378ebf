"""rpm-ostree as far as layers need it: what its deployments ask for, one install, its own words.

Only its JSON and its exit status decide; of its words one sentence is read ("Packages not found:"),
and all of them are shown.  Seen in its source and in recorded output: any error is status 1 and one
``error: `` on standard error; a request that is met already changes nothing, with status 0
(``--idempotent``); names that no repository has are all named at once (coreos/rpm-ostree#3527); a
repository that cannot be reached fails everything (coreos/rpm-ostree#1602).  The client can be
killed and the daemon goes on (coreos/rpm-ostree#2109): hence `cancel`.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Dict, Sequence, Tuple

from ng2coreos.core.errors import BadInput, CommandFailed, Ng2CoreosError
from ng2coreos.core.host import Host
from ng2coreos.core.redact import redact_text

PROGRAM = "rpm-ostree"
INSTALL_S = 1800.0  # metadata of several repositories over a slow line, and the scripts
_ASK_S = 60.0
_ANY = range(-128, 256)
_MAX_WORDS = 600
_ERROR = "error: "
_NOT_FOUND = re.compile(r"Packages not found: (.+)")


@dataclass(frozen=True)
class Deployment:
    """One deployment, as `rpm-ostree status --json` shows it."""

    booted: bool
    staged: bool  # written at the shutdown; a power cut loses it
    checksum: str
    base: str  # the image's commit below its layers; its own where there are none
    requested: Tuple[str, ...]


def deployments(host: Host, timeout_s: float = _ASK_S) -> Tuple[Deployment, ...]:
    """All of them, the default first.  Unsupported without rpm-ostree, BadInput for no sense."""
    text = host.run([PROGRAM, "status", "--json"], timeout_s=timeout_s).stdout
    try:
        return tuple(_deployment(row) for row in json.loads(text)["deployments"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadInput("rpm-ostree's status cannot be understood.",
                       hint="See `rpm-ostree status --json`.") from None


def install(host: Host, names: Sequence[str]) -> None:
    """Stage a deployment with these packages; CommandFailed in rpm-ostree's words.

    Never reboots and never touches the running system.  What did not end in time is cancelled.
    """
    argv = [PROGRAM, "install", "--idempotent", "--allow-inactive", *names]
    try:
        done = host.run(argv, ok=_ANY, timeout_s=INSTALL_S)
    except CommandFailed:
        with suppress(Ng2CoreosError):
            host.run([PROGRAM, "cancel"], ok=_ANY, timeout_s=_ASK_S)
        raise CommandFailed(f"rpm-ostree did not end within {INSTALL_S:.0f} s.",
                            hint="See `journalctl -u rpm-ostreed`.") from None
    if done.returncode != 0:
        raise CommandFailed(_words(done.stderr or done.stdout) or f"status {done.returncode}",
                            hint="The message is rpm-ostree's own.")


def not_found(message: str) -> Tuple[str, ...]:
    """The names that no repository has, if that is what rpm-ostree said."""
    match = _NOT_FOUND.search(message)
    return tuple(word.strip() for word in match.group(1).split(",")) if match else ()


def provided(host: Host, name: str) -> bool:
    """Has the running system a package of that name, or one that provides it?"""
    done = host.run(["rpm", "-q", "--whatprovides", "--", name], ok=(0, 1), timeout_s=_ASK_S)
    return done.returncode == 0


def _deployment(row: Dict[str, Any]) -> Deployment:
    checksum = str(row["checksum"])
    return Deployment(booted=row["booted"] is True, staged=row.get("staged") is True,
                      checksum=checksum, base=str(row.get("base-checksum") or checksum),
                      requested=tuple(str(name) for name in row.get("requested-packages") or ()))


def _words(text: str) -> str:
    """The error in one line, without what a terminal or an address must not show."""
    start = text.rfind("\n" + _ERROR)
    said = text[start + 1:] if start >= 0 else text
    said = said[len(_ERROR):] if said.startswith(_ERROR) else said
    shown = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return redact_text(shown)[:_MAX_WORDS]
