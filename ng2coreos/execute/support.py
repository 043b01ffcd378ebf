"""The support bundle: what somebody else needs to see of a host and its runs, without secrets.

Nothing of the host is changed. The bundle holds no key, no password and no carried file: not the
Ignition config, not the exported state. The same host gives the same bytes.
"""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import replace
from typing import Any, Callable, Dict, List

from ng2coreos import __version__
from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.host import Host
from ng2coreos.core.redact import redact_text
from ng2coreos.execute import planning, status
from ng2coreos.execute.store import RunDirectory, Store
from ng2coreos.model import codec
from ng2coreos.report import document
from ng2coreos.report.redact import redact_data

LIMIT_BYTES = 1 << 20  # of a file or an output; its end is what matters
DEADLINE_S = 60.0
_OTHERS_READ = 0o004
FILES = ("/etc/os-release", "/proc/cmdline", "/proc/meminfo", "/etc/fstab", "/boot/grub2/grubenv",
         "/boot/grub2/custom.cfg", "/boot/coreos/ng2coreos.state", "/var/log/imgbased.log",
         "/var/lib/ng2coreos/verify.json", "/etc/lvm/devices/system.devices",
         "/etc/ng2coreos/ng2coreos.conf", "/run/ng2coreos.progress")
DIRECTORIES = ("/boot/loader/entries", "/etc/ng2coreos/whitelists.d", "/boot/coreos/loader/entries")
COMMANDS = (
    ("journalctl", "--no-pager", "--output=short-iso", "--lines=5000", "--identifier=ng2coreos"),
    ("lvs", "--all", "--reportformat=json", "--options=lv_all"),
    ("vgs", "--reportformat=json", "--options=vg_all"),
    ("pvs", "--reportformat=json", "--options=pv_all"),
    ("lsblk", "--json", "--output=NAME,TYPE,SIZE,FSTYPE,UUID,MOUNTPOINT"),
    ("findmnt", "--json", "--output=TARGET,SOURCE,FSTYPE,OPTIONS"),
    ("rpm", "--query", "--all"), ("nodectl", "info"), ("ip", "-json", "address"))


def bundle(host: Host) -> bytes:
    """The bundle as a gzipped tar."""
    parts: Dict[str, str] = {}
    missing: List[str] = []
    for name, make in _makers(host).items():
        try:
            parts[name] = make()
        except (Ng2CoreosError, OSError, ValueError) as error:
            missing.append(f"{name}: {_why(error)}")
    for path in [*FILES, *_inside(host)]:
        try:
            parts[f"files{path}"] = redact_text(_end(host.read_text(path, default="")))
        except (Ng2CoreosError, OSError) as error:
            missing.append(f"files{path}: {_why(error)}")
    parts = {name: text for name, text in parts.items() if text}
    parts["missing.txt"] = "".join(f"{redact_text(line)}\n" for line in sorted(missing))
    return _packed(parts)


def _makers(host: Host) -> Dict[str, Callable[[], str]]:
    store = Store(host)
    made: Dict[str, Callable[[], str]] = {
        "version.txt": lambda: f"ng2coreos {__version__}\n",
        "facts.json": lambda: _json(_undigested(codec.dump(planning.read_host(host)))),
        "status.json": lambda: _json(codec.dump(status.status(
            host, store, now=lambda: "1970-01-01T00:00:00Z")))}
    runs = sorted(p for p in store.path.iterdir()
                  if p.is_dir() and not p.is_symlink()) if store.path.is_dir() else []
    for path in runs:
        run = RunDirectory(path)
        if not run.plan_file.exists() and not run.journal.path.exists():
            continue
        name = f"runs/{path.name}"
        made[f"{name}/report.json"] = lambda run=run: _report(run)  # type: ignore[misc]
        made[f"{name}/journal.jsonl"] = lambda run=run: _journal(run)  # type: ignore[misc]
    for argv in COMMANDS:
        made[f"commands/{argv[0]}.txt"] = lambda argv=argv: redact_text(_end(  # type: ignore[misc]
            host.run(argv, timeout_s=DEADLINE_S).stdout))
    return made


def _report(run: RunDirectory) -> str:
    plan = run.plan()
    occasion = document.Occasion("status", "untouched", run_id=run.run_id, records=run.records())
    ended = run.ended()
    state = {"finished": "staged", "rolled-back": "rolled-back"}.get(ended, "prepared")
    return document.dumps(document.document(replace(occasion, host_state=state), plan))


def _journal(run: RunDirectory) -> str:
    """The records, without what undoing needs to know: that is the run's own."""
    lines = [{key: value for key, value in record.items() if key != "undo"}
             for record in run.journal.records()]
    return "".join(json.dumps(redact_data(line), sort_keys=True) + "\n" for line in lines)


def _json(data: Any) -> str:
    return json.dumps(redact_data(data), indent=1) + "\n"


def _undigested(data: Any) -> Any:
    """Facts without the digests of private files: a short secret could be guessed from them."""
    if isinstance(data, dict):
        private = isinstance(data.get("mode"), int) and not data["mode"] & _OTHERS_READ
        return {key: "" if private and key == "sha256" else _undigested(value)
                for key, value in data.items()}
    return [_undigested(value) for value in data] if isinstance(data, list) else data


def _inside(host: Host) -> List[str]:
    return [f"{directory}/{name}" for directory in DIRECTORIES for name in host.names(directory)]


def _end(text: str) -> str:
    """The end of a text, from the start of a line."""
    if len(text) <= LIMIT_BYTES:
        return text
    return "(cut)\n" + text[-LIMIT_BYTES:].partition("\n")[2]


def _why(error: Exception) -> str:
    if isinstance(error, Ng2CoreosError):
        return error.message
    return str(getattr(error, "strerror", None) or error)


def _packed(parts: Dict[str, str]) -> bytes:
    """The parts in their order, with their digests; no time, owner or mode of this host's."""
    data = {name: text.encode("utf-8", "backslashreplace") for name, text in parts.items()}
    data["SHA256SUMS"] = "".join(f"{hashlib.sha256(data[name]).hexdigest()}  {name}\n"
                                 for name in sorted(data)).encode()
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0, filename="") as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(data):
            info = tarfile.TarInfo(f"ng2coreos-support/{name}")
            info.size, info.mode = len(data[name]), 0o600
            archive.addfile(info, io.BytesIO(data[name]))
    return stream.getvalue()
