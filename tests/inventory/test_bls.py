"""Boot entries."""

import os

import pytest

from ng2coreos.inventory import bls
from ng2coreos.model.facts import BlsEntry
from tests.fakes import FakeHost


def test_double_slashes_are_collapsed_and_variables_dropped() -> None:
    entry = bls.parse("x", "title T (1)\nversion 1\nlinux //L+1/vmlinuz\n# no\n"
                           "initrd //L+1/a.img $tuned_initrd\ninitrd /b.img\n"
                           "options a=1 img.bootid=L+1\noptions b\ngrub_users $grub_users\n")
    assert entry == BlsEntry("x", "T (1)", "1", "/L+1/vmlinuz", ("/L+1/a.img", "/b.img"),
                             "a=1 img.bootid=L+1 b")
    assert entry.layer == "L+1"


def test_tabs_separate_too() -> None:
    assert bls.parse("x", "linux\t/k\noptions\ta\tb\n").options == "a b"


def test_only_entries_that_boot_something_are_read(fake_host: FakeHost) -> None:
    fake_host.write_all({f"{bls.DIRECTORY}/a.conf": "linux /k\n", f"{bls.DIRECTORY}/b.conf": "",
                         f"{bls.DIRECTORY}/c.conf.bak": "linux /k\n",
                         f"{bls.DIRECTORY}/d.conf": b"linux /\xff\xfe\n"})
    fake_host.path(f"{bls.DIRECTORY}/e.conf").mkdir()
    os.mkfifo(str(fake_host.path(f"{bls.DIRECTORY}/f.conf")))
    assert [e.id for e in bls.read(fake_host)] == ["a", "d"]


def test_no_directory_means_no_entries(fake_host: FakeHost) -> None:
    assert bls.read(fake_host) == ()


@pytest.mark.parametrize("cmdline,wanted", [
    ("BOOT_IMAGE=(hd0,gpt2)//L/k a img.bootid=L", "one"),
    ("BOOT_IMAGE=/boot/L/k a img.bootid=L", "one"),
    ("BOOT_IMAGE=(hd0,gpt2)/L/k img.bootid=M", "two"),
    ("BOOT_IMAGE=(hd0,gpt2)/L/k b img.bootid=L", "three"),
    ("BOOT_IMAGE=/other img.bootid=L", ""),
    ("img.bootid=L", ""), ("", "")])
def test_the_running_entry(cmdline: str, wanted: str) -> None:
    entries = (BlsEntry("one", "", "", "/L/k", (), "a img.bootid=L"),
               BlsEntry("two", "", "", "/L/k", (), "a img.bootid=M"),
               BlsEntry("three", "", "", "/L/k", (), "b img.bootid=L"))
    assert bls.running(entries, cmdline) == wanted
