"""The rig's SSH keys: made once into the cache, put into every image, never committed."""

import os
import subprocess
from pathlib import Path

from .cache import cached


def private_key() -> Path:
    """The key that opens every guest's back door; beside it `host_key`, what each guest shows."""
    return cached("ssh-key", ["1"], _build) / "id_ed25519"


def public_key() -> str:
    return private_key().with_suffix(".pub").read_text("ascii")


def known_hosts() -> Path:
    """A known_hosts file that accepts the guests' host key under the name rig-guest."""
    return private_key().with_name("known_hosts")


def _build(out: Path) -> None:
    for name in ("id_ed25519", "host_key"):
        subprocess.run(
            [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                "rig",
                "-f",
                os.fspath(out / name),
            ],
            check=True,
        )
    host = (out / "host_key.pub").read_text("ascii")
    (out / "known_hosts").write_text(f"rig-guest {host}", "ascii")
