"""multipath: whose file it is, what newer versions refuse, and the system's own disks."""

from dataclasses import replace
from typing import Any, Dict

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.multipath import BLACKLIST, CONF, WWIDS, Multipath, adapted, private
from tests.fakes import FakeHost
from tests.plan.build import changed, decided, found, host, ids, item

VDSM = "# VDSM REVISION 2.2\n\ndefaults {\n    user_friendly_names no\n}\n"
MINE = "# VDSM REVISION 2.2\n# VDSM PRIVATE\n\ndefaults {\n    user_friendly_names yes\n}\n"
DISK = "36001405aaaaaaaaaaaaaaaaaaaaaaaaaa"


def disk(fake: FakeHost, name: str, number: str, *lines: str) -> None:
    fake.write(f"/sys/block/{name}/dev", f"{number}\n")
    fake.write(f"/run/udev/data/b{number}", "".join(f"{line}\n" for line in lines))


def with_files(files: Dict[str, str], **more: Any) -> HostFacts:
    mine = {"files": files, "volatile": {"wwids": {}, "held": [], **more}}
    facts = host(etc=tuple(changed(path) for path in files))
    return replace(facts, plugins={**facts.plugins, "multipath": mine})


def test_reads_files_disks_names_and_what_multipath_holds(fake_host: FakeHost) -> None:
    fake_host.write_all({CONF: VDSM, WWIDS: "/x/\n", "/etc/multipath/conf.d/array.conf": "a\n",
                         "/etc/multipath/conf.d/README": "no"})
    disk(fake_host, "sda", "8:0", "S:disk/by-id/x", f"E:ID_SERIAL={DISK}", "E:ID_WWN=0x1")
    disk(fake_host, "nvme0n1", "259:0", "E:ID_WWN=eui.01")
    disk(fake_host, "vda", "252:0", "E:ID_PATH=pci")
    disk(fake_host, "dm-0", "253:0", "E:ID_SERIAL=not a disk")
    fake_host.write("/sys/block/dm-0/dm/uuid", "mpath-3600\n")
    fake_host.write("/sys/block/dm-0/slaves/sdb/dev", "8:16\n")
    facts = Multipath().facts(fake_host)
    assert sorted(facts["files"]) == ["/etc/multipath.conf", "/etc/multipath/conf.d/array.conf",
                                      "/etc/multipath/wwids"]
    assert facts["volatile"] == {"wwids": {"sda": DISK, "nvme0n1": "eui.01"}, "held": ["sdb"]}


@pytest.mark.parametrize("text,answer", [
    (VDSM, False), (MINE, True), ("# RHAT REVISION 1.0\n# RHEV PRIVATE\n", True),
    ("# VDSM REVISION 2\n\n# VDSM PRIVATE\n", False), ("defaults {\n}\n", True)])
def test_only_the_first_two_lines_say_whose_it_is(text: str, answer: bool) -> None:
    assert private(text) is answer


def test_vdsms_own_file_is_made_anew() -> None:
    assert item(decided(with_files({CONF: VDSM})), CONF).outcome is Outcome.REGENERATED


def test_a_private_file_is_carried_without_friendly_names() -> None:
    plan = decided(with_files({CONF: MINE}))
    one = item(plan, CONF)
    assert one.outcome is Outcome.CONVERTED and one.source == CONF
    assert text_of(one) == MINE.replace("yes", "no")
    assert found(plan, "N2C_MULTIPATH_OPTIONS").evidence == (f"{CONF}: user_friendly_names yes",)


def test_a_private_file_that_fits_is_carried_word_for_word() -> None:
    text = MINE.replace("yes", "no")
    plan = decided(with_files({CONF: text}))
    assert text_of(item(plan, CONF)) == text and "N2C_MULTIPATH_OPTIONS" not in ids(plan)


def test_what_newer_versions_refuse_is_commented_out_in_drop_ins_too() -> None:
    path = "/etc/multipath/conf.d/array.conf"
    text = 'devices {\n  device {\n    getuid_callout "/lib/udev/scsi_id"\n    vendor "X"\n  }\n}\n'
    plan = decided(with_files({path: text}))
    assert '    vendor "X"' in text_of(item(plan, path))
    assert "\n# ng2coreos: getuid_callout" in text_of(item(plan, path))
    good = decided(with_files({path: 'devices {\n}\n'}))
    assert item(good, path).outcome is Outcome.CARRIED
    assert adapted("user_friendly_names yes please\n")[1] == []


def test_the_systems_disks_are_added_to_the_blacklist_and_taken_from_the_wwids() -> None:
    facts = with_files({BLACKLIST: 'blacklist {\n    wwid "old"\n}\n',
                        WWIDS: f"# Multipath wwids\n/{DISK}/\n/3600other/\n"},
                       wwids={"sda": DISK, "sdb": "3600other"})
    plan = decided(facts)
    text = text_of(item(plan, BLACKLIST))
    assert f'    wwid "old"\n    wwid "{DISK}"\n' in text and "3600other" not in text
    kept = item(plan, WWIDS)
    assert text_of(kept) == "# Multipath wwids\n/3600other/\n" and kept.mode == 0o600


def test_a_blacklist_that_names_them_is_carried_as_it_is() -> None:
    facts = with_files({BLACKLIST: f'blacklist {{\n wwid "{DISK}"\n}}\n'}, wwids={"sda": DISK})
    assert item(decided(facts), BLACKLIST).outcome is Outcome.CARRIED


def test_a_boot_disk_in_a_san_stays_with_multipath() -> None:
    facts = with_files({}, wwids={"sda": DISK}, held=["sda"])
    assert not [i for i in decided(facts).items if i.path == BLACKLIST]
    other = with_files({}, wwids={"sdaa": DISK})
    assert not [i for i in decided(other).items if i.path == BLACKLIST]


def test_the_disk_of_boot_alone_is_one_of_the_systems() -> None:
    facts = with_files({}, wwids={"nvme1n1": DISK})
    alone = replace(facts, boot=replace(facts.boot, boot_source="/dev/nvme1n1p1"))
    assert f'wwid "{DISK}"' in text_of(item(decided(alone), BLACKLIST))
    assert not [i for i in decided(facts).items if i.path == BLACKLIST]


@pytest.mark.parametrize("name", ["sr0", "md127", "loop0", "ram0", "zram0"])
def test_what_is_no_disk_is_nothing_of_multipaths(fake_host: FakeHost, name: str) -> None:
    disk(fake_host, name, "9:1", "E:ID_SERIAL=x")
    fake_host.write("/sys/block/sdq/slaves/sdz/dev", "8:1\n")  # no device mapper
    fake_host.write("/sys/block/sdq/dm/uuid", "mpath-1\n")
    facts = Multipath().facts(fake_host)
    assert facts["volatile"] == {"wwids": {}, "held": []}
