"""The overlay as the real cpio sees it."""

import os
import subprocess
from pathlib import Path
from typing import Iterable, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput
from ng2coreos.stage import cpio
from ng2coreos.stage.cpio import Record

UNITS = ("ignition-complete.target.requires/a.service",
         "ignition-diskful.target.requires/b@x\\x2dy.service")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.ign"
    path.write_bytes(b'{"ignition": {}}' * 1000)
    return path


def overlay(config: Path, units: Iterable[str] = UNITS) -> bytes:
    return b"".join(cpio.first_boot_overlay(config, units))


def listed(archive: bytes) -> List[str]:
    return subprocess.run(["cpio", "-itv", "--quiet", "--numeric-uid-gid"], input=archive,
                          check=True, capture_output=True).stdout.decode().splitlines()


@pytest.mark.parametrize("size", [0, 1, 3, 16_000, 5_000_001])
def test_the_real_cpio_unpacks_it(config: Path, tmp_path: Path, size: int) -> None:
    config.write_bytes(os.urandom(size))
    archive = overlay(config, (*UNITS, UNITS[0]))
    assert len(archive) % 512 == 0
    tmp_path = tmp_path / "root"
    tmp_path.mkdir()
    subprocess.run(["cpio", "-idm", "--quiet", "--no-absolute-filenames"], input=archive,
                   check=True, cwd=str(tmp_path))
    user = tmp_path / "usr/lib/ignition/user.ign"
    assert user.read_bytes() == config.read_bytes()
    assert user.stat().st_mode & 0o7777 == 0o600
    for unit in UNITS:
        assert os.readlink(str(tmp_path / "etc/systemd/system" / unit)) == "/dev/null"
    assert sorted(os.listdir(str(tmp_path))) == ["etc", "usr"]
    for directory in ("usr", "usr/lib", "etc/systemd/system/ignition-complete.target.requires"):
        assert (tmp_path / directory).stat().st_mode & 0o7777 == 0o755


def test_everything_belongs_to_root_and_parents_come_first(config: Path) -> None:
    lines = listed(overlay(config))
    assert {tuple(line.split()[2:4]) for line in lines} == {("0", "0")}
    names = [line.split()[8] for line in lines]
    assert names[:4] == ["usr", "usr/lib", "usr/lib/ignition", "usr/lib/ignition/user.ign"]
    assert len(names) == len(set(names))


def test_the_same_content_makes_the_same_bytes(config: Path) -> None:
    assert overlay(config) == overlay(config, UNITS[::-1])


def test_a_large_config_is_never_held_as_a_whole(config: Path) -> None:
    with open(config, "wb") as stream:
        stream.truncate(64 << 20)
    assert max(map(len, cpio.first_boot_overlay(config, UNITS))) <= 1 << 20


def test_a_config_that_shrinks_meanwhile_is_an_error(config: Path) -> None:
    parts = cpio.first_boot_overlay(config, UNITS)
    head = next(part for part in parts if b"user.ign" in part)
    assert head
    config.write_bytes(b"")
    with pytest.raises(BadInput, match="shorter"):
        list(parts)


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
    archive = b"".join(cpio.newc(Record(n, d, m) for n, (d, m) in files.items()))
    sizes = {line.split()[8]: line.split()[4] for line in listed(archive)}
    assert {n: sizes[n] for n in files} == {n: str(len(d)) for n, (d, _) in files.items()}


@pytest.mark.parametrize("path", ["lib/x", "bin", "sbin/a", "lib64/a", "/etc/x", "a/../b", "",
                                  "a//b", "a\0b"])
def test_what_would_break_an_initramfs_is_refused(path: str) -> None:
    with pytest.raises(BadInput):
        cpio.newc([Record(path)])


@pytest.mark.parametrize("unit", ["a.service", "a/b/c", "../x", ""])
def test_a_unit_of_another_form_is_refused(config: Path, unit: str) -> None:
    with pytest.raises(BadInput):
        cpio.first_boot_overlay(config, [unit])


def test_a_path_twice_is_refused() -> None:
    with pytest.raises(BadInput):
        cpio.newc([Record("a"), Record("a")])
