"""SELinux on the new system: set again once, what is missing only, and proved."""

import errno
import os
import time
from typing import Any, Dict, List

import pytest

from ng2coreos.core import durable
from ng2coreos.core.command import Completed, Input
from ng2coreos.core.errors import CommandFailed
from ng2coreos.core.host import Host
from ng2coreos.firstboot import checks, selinux
from ng2coreos.firstboot.probe import Look
from ng2coreos.firstboot.system import MANIFEST, System
from ng2coreos.model import codec
from ng2coreos.model.item import Check, Item, Outcome
from ng2coreos.model.manifest import SCHEMA, Manifest
from ng2coreos.model.proof import Proof
from tests.fakes import FakeHost

STORE = "/etc/selinux/targeted/active"
LINES = ("boolean -m -1 nis_enabled", "port -a -t ssh_port_t -r s0 -p tcp 2222",
         "login -a -s user_u -r s0 __default__")
TEXTS = {"boolean": ("booleans.local", "nis_enabled=1\n"),
         "port": ("ports.local", "portcon tcp 2222 system_u:object_r:ssh_port_t:s0\n"),
         "login": ("seusers.local", "__default__:user_u:s0\n"),
         "user": ("users.local", "user ops_u roles { staff_r } level s0 range s0;\n"),
         "permissive": ("modules/400/permissive_sshd_t/cil", "(typepermissive sshd_t)"),
         "module": ("modules/disabled/accountsd", "")}
COMPILED = ("permissive -a sshd_t", "module -d accountsd")  # an import of these compiles the policy


class Playing(Host):
    """A system whose semanage and semodule write the store; `refuses` says what they do not do."""

    def __init__(self, fake: FakeHost) -> None:
        super().__init__(str(fake.root), self._run)
        self.calls: List[str] = []
        self.told: List[str] = []  # to semanage, line by line
        self.refuses: List[str] = []
        self.takes = 99
        fake.write("/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n")
        fake.write("/etc/selinux/semanage.conf", "store-root = /etc/selinux\n")
        fake.path(f"{STORE}/modules").mkdir(parents=True)
        fake.path("/var/lib").mkdir(parents=True)
        fake.write(selinux.RECORDS, "".join(f"{line}\n" for line in LINES))
        fake.write(MANIFEST, codec.dumps(Manifest(
            SCHEMA, "r", "t", "c", "v", "g", "p", (), (), 1,
            (Item("/etc/carried", "file", Outcome.CARRIED, "r", "x"),
             Item("/etc/gone", "file", Outcome.DROPPED, "r", "x")), ())))
        fake.write("/etc/carried", "x")
        fake.write("/etc/gone", "x")
        self._fake = fake

    def _run(self, argv: Any, timeout_s: float, data: Input) -> Completed:
        words = list(argv)
        shown = " ".join(words[:2])
        self.calls.append(shown)
        text = data.decode() if isinstance(data, bytes) else ""
        lines = text.splitlines() if words[1:] == ["import"] else [" ".join(words[1:])]
        if words[0] == "restorecon":
            assert text == "/etc/carried\0"
        elif any(bad in line for bad in self.refuses for line in lines):
            return Completed(tuple(words), 1, "", "refused", 0.0)
        elif words[0] == "semodule":
            for at, word in enumerate(words):
                if word == "-i":
                    name = os.path.basename(words[at + 1]).partition(".")[0]
                    with open(words[at + 1], encoding="ascii") as source:
                        text = source.read()
                    self._fake.write(f"{STORE}/modules/{words[at - 1]}/{name}/cil", text)
                elif word == "-d":
                    self._fake.write(f"{STORE}/modules/disabled/{words[at + 1]}", "")
        else:
            self.told += lines
            for line in lines[:self.takes]:
                file, record = TEXTS[line.split()[0]]
                self._fake.write(f"{STORE}/{file}", record)
        return Completed(tuple(words), 0, "", "", 0.0)


@pytest.fixture
def playing(fake_host: FakeHost) -> Playing:
    return Playing(fake_host)


def proof(host: Host, kind: str, **params: Any) -> Proof:
    return checks.prove(Check("id", kind, "Title", params), Look(host, time.monotonic() + 5))


def test_all_is_set_in_one_go_and_then_never_again(playing: Playing) -> None:
    playing._fake.write(f"{selinux.MODULES}/400/site.pp.bz2", "x")
    assert not proof(playing, "selinux-records", records=list(LINES), modules=["400/site"]).ok
    selinux.replay(System(playing))
    assert playing.calls == ["semodule -X", "semanage import", "restorecon -i"]
    assert playing.exists(selinux.DONE)
    assert proof(playing, "selinux-records", records=list(LINES), modules=["400/site"]).ok
    selinux.replay(System(playing))
    assert len(playing.calls) == 3


@pytest.fixture
def modules(playing: Playing) -> Playing:
    """A module, and the two kinds of records that are modules to libsemanage."""
    playing._fake.write(f"{selinux.MODULES}/400/site.pp.bz2", "x")
    playing._fake.write(selinux.RECORDS, "".join(f"{line}\n" for line in (*LINES, *COMPILED)))
    return playing


def test_the_store_is_on_disk_before_it_is_said_to_be_done(
        playing: Playing, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Dict[str, bool] = {}
    monkeypatch.setattr(durable, "sync_directory",
                        lambda path: found.setdefault(str(path), playing.exists(selinux.DONE)))
    selinux.replay(System(playing))
    assert found[str(playing.path(STORE).parent)] is False


@pytest.mark.parametrize("there", [False, True])
def test_a_log_in_waits_for_its_user_to_be_in_the_store(playing: Playing, there: bool) -> None:
    user = "user -a -L s0 -r s0 -R staff_r ops_u"
    playing._fake.write(selinux.RECORDS, "".join(f"{line}\n" for line in (user, *LINES)))
    if there:  # from before a cut
        playing._fake.write(f"{STORE}/users.local", TEXTS["user"][1])
    selinux.replay(System(playing))
    assert playing.calls == ["semanage import"] * (1 if there else 2) + ["restorecon -i"]
    assert playing.told == [*([] if there else [user]), *LINES]


def test_with_modules_the_policy_is_compiled_once(modules: Playing) -> None:
    selinux.replay(System(modules))
    assert modules.calls == ["semodule -X", "semanage import", "restorecon -i"]
    assert modules.told == list(LINES)
    assert proof(modules, "selinux-records", records=[*LINES, *COMPILED], modules=["400/site"]).ok
    assert modules.read_text(f"{STORE}/modules/400/permissive_sshd_t/cil") == (
        "(typepermissive sshd_t)")
    assert modules.names(selinux.WANTED) == ["modules", "records"]


def test_without_modules_the_import_alone_compiles(modules: Playing) -> None:
    modules._fake.write(f"{STORE}/modules/400/site/cil", "x")  # from before a cut, say
    selinux.replay(System(modules))
    assert modules.calls == ["semanage import", "restorecon -i"]
    assert modules.told == [*LINES, *COMPILED] and modules.exists(selinux.DONE)


def test_a_record_that_is_refused_keeps_no_module_away(modules: Playing) -> None:
    modules.refuses = ["-d accountsd"]
    with pytest.raises(CommandFailed):
        selinux.replay(System(modules))
    found = proof(modules, "selinux-records", records=[*LINES, *COMPILED], modules=["400/site"])
    assert found.detail == "missing: module -d accountsd"
    assert not modules.exists(selinux.DONE)


def test_a_store_that_a_cut_left_aside_is_put_back(playing: Playing) -> None:
    top = playing.path(STORE)
    (top / "booleans.local").write_text("nis_enabled=1\n", "ascii")
    top.rename(top.with_name("previous"))
    selinux.replay(System(playing))
    assert playing.told == list(LINES[1:]) and playing.exists(selinux.DONE)


def test_it_is_put_back_where_no_setting_says_its_place(playing: Playing) -> None:
    top = playing.path(STORE)
    playing.path("/etc/selinux/semanage.conf").write_text("# as the package brings it\n", "ascii")
    (top / "booleans.local").write_text("nis_enabled=1\n", "ascii")
    top.rename(top.with_name("previous"))
    selinux.replay(System(playing))
    assert playing.told == list(LINES[1:]) and playing.exists(selinux.DONE)


def test_a_store_that_is_whole_is_not_put_back(playing: Playing) -> None:
    playing._fake.write(f"{STORE}/../previous/booleans.local", "nis_enabled=1\n")
    selinux.replay(System(playing))
    assert playing.told == list(LINES) and playing.exists(f"{STORE}/../previous")


def test_after_a_cut_only_what_is_missing_is_set(playing: Playing) -> None:
    playing._fake.write(f"{STORE}/booleans.local", "nis_enabled=1\n")
    playing.refuses = ["nis_enabled"]
    selinux.replay(System(playing))
    assert playing.exists(selinux.DONE)


def test_what_the_policy_has_already_is_changed(playing: Playing) -> None:
    playing.refuses = ["login -a"]  # older semanage: the log-in is defined
    selinux.replay(System(playing))
    assert [call for call in playing.calls if call.startswith("semanage")] == [
        "semanage import", "semanage boolean", "semanage port", "semanage login",
        "semanage login"]
    assert playing.exists(selinux.DONE)


def test_what_is_refused_fails_the_unit_which_comes_again(playing: Playing) -> None:
    playing.refuses = ["2222"]
    with pytest.raises(CommandFailed):
        selinux.replay(System(playing))
    assert not playing.exists(selinux.DONE)
    found = proof(playing, "selinux-records", records=list(LINES), modules=[])
    assert not found.ok and "2222" in found.detail and "nis" not in found.detail
    playing.refuses = []
    selinux.replay(System(playing))
    assert playing.exists(selinux.DONE)


def test_a_program_that_says_yes_and_does_nothing_is_found_out(playing: Playing) -> None:
    playing.takes = 1
    with pytest.raises(CommandFailed, match="2222"):
        selinux.replay(System(playing))
    assert not playing.exists(selinux.DONE)


def test_a_boolean_must_be_so_in_the_kernel_too(playing: Playing) -> None:
    selinux.replay(System(playing))
    playing._fake.write("/sys/fs/selinux/booleans/nis_enabled", "0 0")
    found = proof(playing, "selinux-records", records=list(LINES), modules=[])
    assert not found.ok and "nis_enabled is off now" in found.detail


@pytest.mark.parametrize("state,wanted", [("1", ""), ("0", "permissive"), (None, "off")])
def test_enforcing(state: Any, wanted: str, playing: Playing) -> None:
    if state is not None:
        playing._fake.write("/sys/fs/selinux/enforce", state)
    found = proof(playing, "selinux-enforcing")
    assert found.ok is (state == "1") and wanted in found.detail


@pytest.mark.parametrize("label,ok", [
    (b"system_u:object_r:etc_t:s0\0", True), (b"system_u:object_r:unlabeled_t:s0\0", False),
    (None, False), (errno.EOPNOTSUPP, True)])
def test_a_carried_file_without_a_label_is_found(label: Any, ok: bool, playing: Playing,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Dict[str, str] = {}

    def getxattr(path: str, name: str, **_: Any) -> bytes:
        asked[path.rpartition("/")[2]] = name
        if not isinstance(label, bytes):
            raise OSError(label or errno.ENODATA, "no label")
        return bytes(label)

    monkeypatch.setattr(os, "getxattr", getxattr)
    assert "off" in proof(playing, "selinux-labels").detail
    playing._fake.write("/sys/fs/selinux/enforce", "1")
    found = proof(playing, "selinux-labels")
    assert found.ok is ok and asked == {"carried": "security.selinux"}
    assert ok or "/etc/carried" in found.detail
