"""Commands in a guest by ssh through its back door, one connection kept for all of them."""

import io
import os
import shlex
import subprocess
import tarfile
from pathlib import Path
from typing import List, Mapping, NamedTuple, Optional, Sequence, Union

from .keys import known_hosts, private_key

Content = Union[bytes, str, Path]
_OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": "20",
    "HostKeyAlias": "rig-guest",
    "HostKeyAlgorithms": "ssh-ed25519",
    "KexAlgorithms": "curve25519-sha256",  # the cheapest under TCG
    "ServerAliveInterval": "15",
    "ServerAliveCountMax": "20",
    "ControlMaster": "auto",
    "ControlPersist": "600",
    "LogLevel": "ERROR",
}


class Result(NamedTuple):
    """What a command left."""

    rc: int
    stdout: str
    stderr: str


class CommandFailed(Exception):
    """A command in the guest failed or did not end in time."""


class SshLink:
    """The way to root of the guest whose back door is at 127.0.0.1:`port`."""

    def __init__(self, port: int, directory: Path) -> None:
        self.port = port
        self._control = directory / "ssh"

    def run(
        self,
        command: Union[str, Sequence[str]],
        *,
        input: Optional[Union[bytes, str]] = None,  # noqa: A002
        timeout: float = 600,
        check: bool = True,
    ) -> Result:
        """Run a shell script (text) or an argv; if `check`, a failure raises with its output."""
        script = command if isinstance(command, str) else shlex.join(command)
        data = input.encode() if isinstance(input, str) else input or b""
        try:
            done = subprocess.run(
                [*self._ssh(), "root@127.0.0.1", script],
                input=data,
                timeout=timeout,
                capture_output=True,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(f"{script[:200]!r} did not end in {timeout:.0f} s") from error
        result = Result(
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )
        if check and result.rc:
            raise CommandFailed(
                f"{script[:200]!r} ended with {result.rc}\n"
                f"{result.stdout[-2000:]}{result.stderr[-2000:]}"
            )
        return result

    def put(self, files: Mapping[str, Content], mode: Optional[int] = None) -> None:
        """Write root's files (or directories, from a Path); a Path keeps its mode."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, content in files.items():
                if isinstance(content, Path):
                    tar.add(content, name.lstrip("/"), filter=lambda info: _owned(info, mode))
                    continue
                data = content.encode() if isinstance(content, str) else content
                info = tarfile.TarInfo(name.lstrip("/"))
                info.size = len(data)
                tar.addfile(_owned(info, mode if mode is not None else 0o644), io.BytesIO(data))
        self.run("tar -C / --no-overwrite-dir -xf -", input=archive.getvalue())

    def argv(self, script: str, *, terminal: bool = False) -> List[str]:
        """The ssh command for a script, for whoever wants its output as it comes."""
        return [*self._ssh(), *(["-tt"] if terminal else []), "root@127.0.0.1", script]

    def close(self) -> None:
        """Forget the kept connection: what it led to may be gone."""
        if self._control.exists():
            subprocess.run(
                [*self._ssh(), "-O", "exit", "root@127.0.0.1"],
                check=False,
                timeout=60,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
            )
        self._control.unlink(missing_ok=True)

    def _ssh(self) -> List[str]:
        argv = [
            "ssh",
            "-F",
            "none",
            "-i",
            os.fspath(private_key()),
            "-p",
            str(self.port),
            "-o",
            f"UserKnownHostsFile={known_hosts()}",
            "-o",
            f"ControlPath={self._control}",
        ]
        for name, value in _OPTIONS.items():
            argv += ["-o", f"{name}={value}"]
        return argv


def _owned(info: tarfile.TarInfo, mode: Optional[int]) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    if mode is not None and not info.isdir():
        info.mode = mode
    return info
