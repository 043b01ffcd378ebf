"""A moved host with rpm-ostree and rpm: real processes of two small programs on PATH.

What they answer follows coreos/rpm-ostree: src/app/libmain.cxx (any error is status 1 and a line
``error: ...`` on stderr), src/app/rpmostree-clientlib.cxx ("Run "systemctl reboot"..."), and output
that users recorded there: issues 3527 (names not found, all at once), 1602 (a repository out of
reach), 5182 (a set that does not fit), 5335 (busy).  A staged deployment becomes the running one at
a restart, and is lost by a power cut (ostree: src/boot/ostree-finalize-staged.service).
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, List, Sequence

from ng2coreos.core.command import Completed, Input, run_process
from ng2coreos.firstboot.system import MANIFEST
from ng2coreos.model import codec
from ng2coreos.model.manifest import Manifest
from tests.firstboot.machine import COMMIT, Machine

_RPM_OSTREE = """\
#!/bin/sh
cd "$FAKE" || exit 9
echo "$*" >> calls
quoted() { sed 's/.*/"&"/' "$1" | paste -sd, -; }
deployment() { printf '{"booted": %s, "staged": %s, "checksum": "%s", "base-checksum": "BASE",
 "requested-packages": [%s], "packages": [%s]}' "$1" "$2" "$3" "$(quoted $4)" "$(quoted $4)"; }
case $1 in
status)
    [ -f garbage ] && { cat garbage; exit 0; }
    printf '{"deployments": ['
    [ -s staged ] && { deployment false true 5555 staged; printf ,; }
    deployment true false "$(cat running)" layered
    printf '], "transaction": null}\\n'; exit 0;;
cancel) exit 0;;
install) shift;;
esac
echo "Checking out tree c0c0c0c... done"
[ -f hang ] && exec sleep 600
[ -f error ] && { cat error >&2; exit 1; }
echo "Enabled rpm-md repositories: baseos appstream"
: > asked; : > lost
for word; do
    case $word in --*) continue;; esac
    if grep -qx -- "$word" repository; then echo "$word" >> asked; else echo "$word" >> lost; fi
done
lost=$(paste -sd, lost | sed 's/,/, /g')
[ -n "$lost" ] && { echo "error: Packages not found: $lost" >&2; exit 1; }
echo "Resolving dependencies... done"
[ -f nothing ] && { echo "No change."; exit 0; }
sort -u asked layered > staged
echo "Staging deployment... done"
echo 'Run "systemctl reboot" to start a reboot'
""".replace("BASE", COMMIT)
_RPM = """\
#!/bin/sh
cd "$FAKE" || exit 9
for name; do :; done
grep -qx -- "$name" installed && exit 0
echo "no package provides $name"; exit 1
"""


class Layered(Machine):
    """The host; `fake` is the directory that its two programs keep their state in."""

    def __init__(self, root: Path, layers: Sequence[str] = ("tmux", "htop"),
                 along: Sequence[str] = (), **more: Any) -> None:
        super().__init__(root / "host", **more)
        self.fake, self.bin = root / "fake", root / "bin"
        self.pool_percent = "40.00"
        self.fake.mkdir()
        self.bin.mkdir()
        for name, text in (("rpm-ostree", _RPM_OSTREE), ("rpm", _RPM)):
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        for name, text in (("repository", "tmux\nhtop\n"), ("installed", ""), ("layered", ""),
                           ("running", COMMIT), ("calls", "")):
            (self.fake / name).write_text(text)
        manifest = codec.loads(Manifest, self.read_text(MANIFEST))
        self._put(MANIFEST, codec.dumps(replace(manifest, layers=tuple(layers),
                                                   along=tuple(along))))

    def installs(self) -> List[str]:
        """What rpm-ostree was asked to install, call by call."""
        rows = (self.fake / "calls").read_text().splitlines()
        return [row.split("--allow-inactive ")[1] for row in rows if row.startswith("install")]

    def says(self, name: str, text: str = "") -> None:
        """Make rpm-ostree behave: error, garbage, hang, nothing."""
        (self.fake / name).write_text(text)

    def restart(self, *, power_cut: bool = False) -> None:
        """Shut down and boot, or lose the power first."""
        staged = self.fake / "staged"
        if staged.exists() and not power_cut:
            (self.fake / "installed").write_text(staged.read_text())
            (self.fake / "layered").write_text(staged.read_text())
            (self.fake / "running").write_text("5555")
        staged.unlink(missing_ok=True)
        self.boot()

    def _answer(self, argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        words = list(argv)
        if words[0] in ("rpm-ostree", "rpm"):
            self.event(" ".join(words))
            path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
            return run_process(argv, timeout_s, data, {"PATH": path, "FAKE": str(self.fake)})
        if words[:2] == ["systemctl", "start"]:
            self.calls.append(tuple(words))
            return Completed(tuple(words), 0, "", "", 0.0)
        if words[0] == "lvs" and words[-1] == "onn/pool00":
            row = {"data_percent": self.pool_percent, "metadata_percent": "9.00"}
            return Completed(tuple(words), 0, json.dumps({"report": [{"lv": [row]}]}), "", 0.0)
        return super()._answer(argv, timeout_s, data)
