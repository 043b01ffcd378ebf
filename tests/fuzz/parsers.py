"""Every parser and reader that takes what others have written, each with an input that is good.

A parser takes bytes.  A reader takes a path: it must also stand what is no file at all.
"""

import io
import json
import tarfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, NamedTuple

from ng2coreos.cli.options import policy_of
from ng2coreos.core.host import Host
from ng2coreos.core.journal import Journal
from ng2coreos.execute.bundle import Bundle, shadow_hashes
from ng2coreos.execute.store import RunDirectory, read_plan
from ng2coreos.execute.unplanned import damaged
from ng2coreos.firstboot import verify
from ng2coreos.firstboot.accounts import Accounts
from ng2coreos.firstboot.system import MANIFEST, System
from ng2coreos.inventory import bls as ng_bls
from ng2coreos.inventory import grub, identities, parse
from ng2coreos.model import codec
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.manifest import Manifest
from ng2coreos.model.plan import Plan
from ng2coreos.model.proof import Verification
from ng2coreos.model.state import BootState, Phase
from ng2coreos.plan import schema
from ng2coreos.stage import bls, bootdir, cpio, grubenv, menu
from ng2coreos.stage import state as state_file
from ng2coreos.target.initramfs import inspect
from ng2coreos.target.unpack import unpack
from tests.fuzz.texts import TEXTS, Parser
from tests.fuzz.texts import text as _text
from tests.report import sample

ROOT = Path(__file__).parents[2]


class Reader(NamedTuple):
    """A function of the root of a host, the place that it reads below it, what is meant for it."""

    call: Callable[[Path], Any]
    place: str
    good: bytes


def _archive(data: bytes) -> Any:
    return inspect(len(data), iter([data[n:n + 1000] for n in range(0, len(data), 1000)]))


def _environment() -> bytes:
    block = grubenv.Block()
    block.set("saved_entry", "ng")
    block.set("kernelopts", "a=1\nb")
    return block.format()


BOOT_STATE = BootState("run", "0", Phase.ARMED, "boot", "ng", "0-a", "/grub2/grubenv",
                       "/grub2/custom.cfg", "onn", ("a",), 2, "auto", "c", "os")
MANIFEST_OF = Manifest("ng2coreos-manifest/1", "run", "0", "c", "1", "onn", "pool", ("var",),
                       ("a",), 60, (), ())
PROVED = Verification("ng2coreos-verification/1", "run", "c", "1", "boot", "t", ())
ENTRY = (b"title NG\nversion 5\nlinux //ovirt+1/vmlinuz-5\ninitrd //ovirt+1/i.img $tuned_initrd\n"
         b"options root=/dev/onn/ovirt+1 img.bootid=ovirt+1 rd.lvm.lv=onn/a\n")
GRUB_CFG = (ROOT / "tests/data/hosts/el9-single/root/boot/grub2/grub.cfg").read_bytes() if (
    ROOT / "tests/data/hosts/el9-single/root/boot/grub2/grub.cfg").is_file() else b"blscfg\n"
WHITELIST = (ROOT / "data/whitelists/ssh.yaml").read_bytes()
POLICY = b"trial_boots: 1\nconfirm: manual\n"
JOURNAL = (b'{"at":"t","event":"begin","run":"r","version":"0"}\t6a3ca0f1\n')
PASSWD = b"root:x:0:0:root:/root:/bin/bash\nvdsm:x:36:36::/:/sbin/nologin\n"
INITRAMFS = b"".join(cpio.newc([cpio.Record("usr/bin/lvm", b"x"),
                                cpio.Record("etc/x", link="/y")]))

PARSERS: Dict[str, Parser] = {
    "plan": Parser(_text(lambda t: codec.loads(Plan, t)), codec.dumps(sample.plan()).encode()),
    "state": Parser(_text(lambda t: codec.loads(BootState, t)), codec.dumps(BOOT_STATE).encode()),
    "manifest": Parser(_text(lambda t: codec.loads(Manifest, t)),
                       codec.dumps(MANIFEST_OF).encode()),
    "verification": Parser(_text(lambda t: codec.loads(Verification, t)),
                           codec.dumps(PROVED).encode()),
    "facts": Parser(_text(lambda t: codec.loads(HostFacts, t)), b'{"fqdn": "x"}'),
    "grubenv": Parser(lambda d: grubenv.Block.parse(d).variables(), _environment()),
    "ng-grubenv": Parser(grub.environment, _environment()),
    "ng-bls": Parser(_text(lambda t: ng_bls.parse("x", t)), ENTRY),
    "bls": Parser(_text(bls.parse), ENTRY),
    "cmdline": Parser(_text(menu.arguments), b'root=/dev/x quiet dyndbg="file a.c +p" $tuned'),
    "custom-cfg": Parser(_text(menu.without_block), b"a\n# ng2coreos begin\nx\n# ng2coreos end\n"),
    "grub-cfg": Parser(_text(grub.flavour), GRUB_CFG),
    "os-release": Parser(_text(parse.assignments), b'ID="x"\nVARIANT_ID=ovirt-node\n# c\n'),
    "json-report": Parser(_text(lambda t: parse.rows(
        parse.json_object(t, "lvs").get("report"), "lvs")), b'{"report": [{"a": "1"}]}'),
    "whitelist": Parser(_text(lambda t: schema.parse(t, "x.yaml")), WHITELIST),
    "initramfs": Parser(_archive, INITRAMFS),
    **TEXTS,
}


def _repository() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, data in (("config", b"[core]\nrepo_version=1\nmode=archive-z2\n"),
                           ("refs/heads/a", b"c" * 64 + b"\n"),
                           (f"objects/00/{'0' * 62}.filez", b"x" * 3000)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _unpacked(root: Path) -> None:
    with scratch(root, "repo") as place:
        unpack(root / "image.tar", place)


@contextmanager
def scratch(root: Path, name: str) -> Iterator[Path]:
    """A path below `root` at which nothing is, before and after."""
    import shutil
    place = root / name
    try:
        yield place
    finally:
        shutil.rmtree(str(place), ignore_errors=True)


def _run(root: Path) -> RunDirectory:
    return RunDirectory(root / "run")


READERS: Dict[str, Reader] = {
    "plan": Reader(lambda root: read_plan(root / "plan.json"), "plan.json", PARSERS["plan"].good),
    "damaged plan": Reader(lambda root: damaged(root / "plan.json"), "plan.json", b"{}"),
    "journal": Reader(lambda root: Journal(root / "journal").records(), "journal", JOURNAL),
    "run's journal": Reader(lambda root: (_run(root).ended(), _run(root).done(),
                                          _run(root).undoing(), _run(root).taken()),
                            "run/journal", JOURNAL),
    "answers": Reader(lambda root: policy_of(str(root / "answers.yaml"), ()), "answers.yaml",
                      POLICY),
    "whitelist": Reader(lambda root: schema.load(root / "x.yaml"), "x.yaml", WHITELIST),
    "state": Reader(lambda root: state_file.read(root / "boot"), "boot/coreos/ng2coreos.state",
                    PARSERS["state"].good),
    "grubenv": Reader(lambda root: grubenv.read(root / "boot/grub2/grubenv"), "boot/grub2/grubenv",
                      _environment()),
    "boot entry": Reader(lambda root: bls.read(root / "boot/coreos", "e.conf"),
                         "boot/coreos/e.conf", ENTRY),
    "passwords": Reader(lambda root: Bundle(root / "bundle").password("root"),
                        "bundle/passwords.json", b'{"root": "$6$x"}'),
    "image": Reader(_unpacked, "image.tar", _repository()),
    "manifest": Reader(lambda root: System(Host(str(root), _refuse)).manifest(), MANIFEST[1:],
                       PARSERS["manifest"].good),
    "last verification": Reader(lambda root: verify.last(Host(str(root), _refuse)),
                                verify.RESULT[1:], PARSERS["verification"].good),
    "accounts": Reader(lambda root: Accounts(Host(str(root), _refuse)).user_name(36), "etc/passwd",
                       PASSWD),
    "users": Reader(lambda root: identities.users(Host(str(root), _refuse)), "etc/passwd", PASSWD),
    "shadow": Reader(lambda root: shadow_hashes(Host(str(root), _refuse)), "etc/shadow",
                     b"root:$6$x:1::::::\n"),
    "NG's boot entries": Reader(lambda root: ng_bls.read(Host(str(root), _refuse)),
                                "boot/loader/entries/a.conf", ENTRY),
    "NG's grub.cfg": Reader(lambda root: grub.read(Host(str(root), _refuse), "bios"),
                            "boot/grub2/grub.cfg", GRUB_CFG),
    "menu block": Reader(lambda root: bootdir.block(root / "boot/grub2/custom.cfg"),
                         "boot/grub2/custom.cfg", PARSERS["custom-cfg"].good),
}


def _refuse(argv: Any, timeout_s: float, data: Any) -> Any:
    raise AssertionError(f"a reader has run {json.dumps(argv)}")
