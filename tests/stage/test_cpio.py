"""The overlay as the real cpio sees it."""

import os
import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput
from ng2coreos.stage import cpio
from ng2coreos.stage.cpio import Record

UNITS = ("ignition-complete.target.requires/a.service",
         "ignition-diskful.target.requires/b@x\\x2dy.service")


def listed(archive: bytes) -> List[str]:
    return subprocess.run(["cpio", "-itv", "--quiet", "--numeric-uid-gid"], input=archive,
                          check=True, capture_output=True).stdout.decode().splitlines()


def test_the_real_cpio_unpacks_it(tmp_path: Path) -> None:
    config = b'{"ignition": {}}' * 1000
    archive = cpio.first_boot_overlay(config, (*UNITS, UNITS[0]))
    assert len(archive) % 512 == 0
    subprocess.run(["cpio", "-idm", "--quiet", "--no-absolute-filenames"], input=archive,
                   check=True, cwd=str(tmp_path))
    user = tmp_path / "usr/lib/ignition/user.ign"
    assert user.read_bytes() == config
    assert user.stat().st_mode & 0o7777 == 0o600
    for unit in UNITS:
        assert os.readlink(str(tmp_path / "etc/systemd/system" / unit)) == "/dev/null"
    assert sorted(os.listdir(str(tmp_path))) == ["etc", "usr"]
    for directory in ("usr", "usr/lib", "etc/systemd/system/ignition-complete.target.requires"):
        assert (tmp_path / directory).stat().st_mode & 0o7777 == 0o755


def test_everything_belongs_to_root_and_parents_come_first() -> None:
    lines = listed(cpio.first_boot_overlay(b"{}", UNITS))
    assert {tuple(line.split()[2:4]) for line in lines} == {("0", "0")}
    names = [line.split()[8] for line in lines]
    assert names[:4] == ["usr", "usr/lib", "usr/lib/ignition", "usr/lib/ignition/user.ign"]
    assert len(names) == len(set(names))


def test_the_same_content_makes_the_same_bytes() -> None:
    assert cpio.first_boot_overlay(b"{}", UNITS) == cpio.first_boot_overlay(b"{}", UNITS[::-1])


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,9}(/[a-z]{10,12}){0,2}", fullmatch=True),
                       st.tuples(st.binary(max_size=9), st.sampled_from([0o600, 0o644, 0o755])),
                       min_size=1, max_size=5))
def test_any_archive_is_read_back(files: "dict[str, Tuple[bytes, int]]") -> None:
    top = {"lib", "bin", "sbin"}
    files = {n: v for n, v in files.items() if n.split("/")[0] not in top}
    names = set(files)
    files = {n: v for n, v in files.items()
             if not any(other.startswith(n + "/") for other in names)}
    archive = cpio.newc(Record(n, d, m) for n, (d, m) in files.items())
    sizes = {line.split()[8]: line.split()[4] for line in listed(archive)}
    assert {n: sizes[n] for n in files} == {n: str(len(d)) for n, (d, _) in files.items()}


@pytest.mark.parametrize("path", ["lib/x", "bin", "sbin/a", "lib64/a", "/etc/x", "a/../b", "",
                                  "a//b", "a\0b"])
def test_what_would_break_an_initramfs_is_refused(path: str) -> None:
    with pytest.raises(BadInput):
        cpio.newc([Record(path)])


@pytest.mark.parametrize("unit", ["a.service", "a/b/c", "../x", ""])
def test_a_unit_of_another_form_is_refused(unit: str) -> None:
    with pytest.raises(BadInput):
        cpio.first_boot_overlay(b"{}", [unit])


def test_a_path_twice_is_refused() -> None:
    with pytest.raises(BadInput):
        cpio.newc([Record("a"), Record("a")])
