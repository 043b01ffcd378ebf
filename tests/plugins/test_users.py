"""users: subordinate ids travel with their accounts, and no hash is a fact."""

import base64
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ng2coreos.firstboot import checks
from ng2coreos.firstboot.probe import Look
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Check, Outcome
from ng2coreos.plan.written import text_of
from plugins.users import AGEING_UNIT, SUDOERS_OWN, Users
from tests.fakes import FakeHost
from tests.plan.build import (
    added,
    changed,
    decided,
    file,
    found,
    host,
    ids,
    item,
    link,
    target,
)


def test_reads_subordinate_ids_and_who_has_no_password(fake_host: FakeHost) -> None:
    fake_host.write("/etc/subuid", "admin:100000:65536\nbroken\n")
    fake_host.write("/etc/shadow", "root:$6$Hemlock:1::\nguest::1::\nbin:*:1::\n")
    facts = Users().facts(fake_host)
    assert facts == {"subordinate": {"/etc/subuid": ["admin:100000:65536"], "/etc/subgid": []},
                     "empty": ["guest"], "shadow": {}, "ageing": [], "sudoers": [],
                     "sudoers_gone": [], "authselect": ""}
    assert "Hemlock" not in json.dumps(facts)


def test_lines_of_accounts_that_are_there_are_written_anew() -> None:
    facts = host()
    mine = {"subordinate": {"/etc/subuid": ["admin:100000:65536", "ghost:200000:65536"]},
            "empty": ["guest"]}
    plan = decided(replace(facts, plugins={**facts.plugins, "users": mine}))
    one = item(plan, "/etc/subuid")
    assert base64.b64decode(one.content) == b"admin:100000:65536\n"
    assert found(plan, "N2C_USERS_EMPTY_PASSWORD").resources == ("user:guest",)


def with_users(**more: Any) -> HostFacts:
    facts = host()
    mine = {"subordinate": {}, "empty": [], "ageing": [], "sudoers": [], "authselect": "", **more}
    return replace(facts, plugins={**facts.plugins, "users": mine})


AGED = ("root:*:0::::::", "admin:$6$x:19000:1:90:14:5:20500:", "vdsm:!!:19000:0:90:7:::")


@pytest.mark.skipif(os.geteuid() != 0, reason="chage -R needs root")
def test_passwords_age_as_on_ng_by_chage_itself(fake_host: FakeHost, tmp_path: Path) -> None:
    fake_host.write("/etc/shadow", "\n".join(AGED) + "\n")
    facts = Users().facts(fake_host)
    plan = decided(with_users(**facts))
    assert "N2C_USERS_AGEING" not in ids(plan)
    text = text_of(item(plan, f"/etc/systemd/system/{AGEING_UNIT}"))
    assert "$6$x" not in text and "vdsm" not in text
    assert [u.action for u in plan.units if u.unit == AGEING_UNIT] == ["enable"]
    made = ["root:*:20700:0:99999:7:::", "admin:$6$x:20700:0:99999:7:::"]  # as useradd does
    (tmp_path / "new/etc").mkdir(parents=True)
    (tmp_path / "new/etc/passwd").write_text(
        "root:x:0:0::/:/bin/sh\nadmin:x:1001:1001::/:/bin/sh\n")
    (tmp_path / "new/etc/shadow").write_text("\n".join(made) + "\n")
    there = FakeHost(tmp_path / "new")
    wanted = [c for c in plan.checks if c.kind == "ageing"]
    assert sorted(c.params["name"] for c in wanted) == ["admin", "root"]
    assert not any(checks.prove(c, Look(there)).ok for c in wanted)
    for line in text.splitlines():
        if line.startswith("ExecStart="):
            program, *words = line.partition("=")[2].split()
            subprocess.run([Path(program).name, "-R", tmp_path / "new", *words], check=True)
    assert (tmp_path / "new/etc/shadow").read_text().splitlines() == list(AGED[:2])
    assert all(checks.prove(c, Look(there)).ok for c in wanted)


@pytest.mark.parametrize("fields,ok", [
    ("19000:1:90:7::", True), ("19500:1:90:7::", True), ("18999:1:90:7::", False),
    ("19000:1:90:7::20000", False), (":1:90:7::", False), ("19000:0:99999:7::", False)])
def test_the_age_of_a_password_is_proved(fields: str, ok: bool, fake_host: FakeHost) -> None:
    fake_host.write("/etc/shadow", f"x:*:::::::\nadmin:$6$x:{fields}:\n")
    check = Check("a", "ageing", "A", {"name": "admin", "fields": "19000:1:90:7::".split(":")})
    assert checks.prove(check, Look(fake_host)).ok is ok


@pytest.mark.parametrize("name,last", [("admin", "19000x"), ("ad min", "19000")])
def test_what_a_unit_cannot_say_is_told(name: str, last: str, fake_host: FakeHost) -> None:
    fake_host.write("/etc/shadow", f"{name}:$6$x:{last}:0:90:7:::\n")
    facts = with_users(**Users().facts(fake_host))
    plan = decided(replace(facts, users=tuple(replace(u, name=name) if u.name == "admin" else u
                                              for u in facts.users)))
    assert found(plan, "N2C_USERS_AGEING").resources == (f"user:{name}",)
    assert not [u for u in plan.units if u.unit == AGEING_UNIT]


@pytest.mark.parametrize("row,told", [
    ("admin:$6$x:19000:0:90:7:::", True), ("admin:$6$x:19000:0:99999:7::20000:", True),
    ("admin:$6$x:19000:0:99999:7:::", False), ("admin:$6$x:19000::::::", False),
    ("admin:!!:19000:0:90:7:::", False), ("admin:*:19000:0:90:7:::", False)])
def test_passwords_that_grow_old_are_told(row: str, told: bool, fake_host: FakeHost) -> None:
    fake_host.write("/etc/shadow", row + "\n")
    facts = Users().facts(fake_host)
    assert bool(facts["ageing"]) is told
    assert ("N2C_USERS_AGEING" in ids(decided(with_users(ageing=facts["ageing"])))) is told


def test_additions_to_sudoers_become_a_file_of_their_own(fake_host: FakeHost) -> None:
    fake_host.write("/usr/share/factory/etc/sudoers", "Defaults requiretty\nroot ALL=(ALL) ALL\n")
    fake_host.write("/etc/sudoers", "# mine\nDefaults  requiretty\nroot ALL=(ALL) ALL\n"
                    "%ops ALL=(ALL) \\\n    NOPASSWD: /bin/x\n#1001 ALL=(ALL) /bin/y\n"
                    "#includedir /etc/sudoers.d\n@includedir /etc/sudoers.d\n")
    facts = Users().facts(fake_host)
    assert facts["sudoers_gone"] == []
    assert facts["sudoers"] == ["%ops ALL=(ALL) NOPASSWD: /bin/x", "#1001 ALL=(ALL) /bin/y"]
    plan = decided(replace(with_users(sudoers=facts["sudoers"]), etc=(changed("/etc/sudoers"),)))
    one = item(plan, SUDOERS_OWN)
    assert text_of(one).splitlines()[1:] == facts["sudoers"]
    assert (one.mode, one.owner, one.outcome) == (0o440, "root", Outcome.CONVERTED)
    assert item(plan, "/etc/sudoers").outcome is Outcome.DROPPED


def test_a_right_that_was_taken_from_sudoers_and_comes_back_is_told(fake_host: FakeHost) -> None:
    fake_host.write("/usr/share/factory/etc/sudoers",
                    "Defaults requiretty\nroot ALL=(ALL) ALL\n%wheel  ALL=(ALL)\tALL\n")
    fake_host.write("/etc/sudoers", "root ALL=(ALL) ALL\n# %wheel ALL=(ALL) ALL\n")
    facts = replace(with_users(**Users().facts(fake_host)), etc=(changed("/etc/sudoers"),))
    texts = {"/etc/sudoers": "root ALL=(ALL) ALL\n%wheel ALL=(ALL) ALL\n"}
    told = found(decided(facts, target(texts=texts)), "N2C_USERS_SUDOERS")
    assert told.evidence == ("%wheel ALL=(ALL) ALL",)
    assert found(decided(facts), "N2C_USERS_SUDOERS").evidence == (
        "Defaults requiretty", "%wheel ALL=(ALL) ALL")  # nobody knows what the target has
    calm = target(texts={"/etc/sudoers": "root ALL=(ALL) ALL\n"})
    assert "N2C_USERS_SUDOERS" not in ids(decided(facts, calm))


def test_passwords_that_age_hide_nothing_else(fake_host: FakeHost) -> None:
    fake_host.write("/etc/shadow", f"{AGED[1]}\nguest::19000::::::\n")
    plan = decided(with_users(**{**Users().facts(fake_host), "authselect": "sssd"}))
    assert AGEING_UNIT in [u.unit for u in plan.units]
    assert {"N2C_USERS_EMPTY_PASSWORD", "N2C_USERS_PAM"} <= set(ids(plan))


def test_a_sudoers_of_the_image_needs_no_file() -> None:
    assert [i for i in decided(with_users(sudoers=["x"])).items if "sudoers" in i.path] == []


def test_pam_of_the_admins_own_is_told_with_what_to_type(fake_host: FakeHost) -> None:
    fake_host.write("/usr/share/factory/etc/authselect/authselect.conf", "sssd\n")
    fake_host.write("/etc/authselect/authselect.conf", "winbind\nwith-mkhomedir\n")
    profile = Users().facts(fake_host)["authselect"]
    one = found(decided(with_users(authselect=profile)), "N2C_USERS_PAM")
    assert one.evidence == ("authselect select winbind with-mkhomedir --force",)
    other = replace(with_users(), etc=(changed("/etc/issue"), changed("/etc/pam.d/sshd")))
    assert found(decided(other), "N2C_USERS_PAM").resources == ("file:/etc/pam.d/sshd",)
    facts = replace(with_users(), etc=(added("/etc/pam.d/site", file()),
                                       added("/etc/pam.d/system-auth", link("/x"))))
    assert found(decided(facts), "N2C_USERS_PAM").resources == ("file:/etc/pam.d/site",)
    assert item(decided(facts), "/etc/pam.d/site").outcome is Outcome.DROPPED
