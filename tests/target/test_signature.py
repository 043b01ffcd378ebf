"""`verified` means: a good signature, by the given key, over exactly this commit."""

import shutil
from pathlib import Path
from typing import Callable

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.model.target import Signature, TargetSource
from ng2coreos.target import opened
from ng2coreos.target.signature import dearmored
from tests.target import images
from tests.target.conftest import Image

Keys = Callable[[str], images.Key]


def judge(repo: Path, key: Path, ref: str = images.REF, insecure: bool = False) -> Signature:
    source = TargetSource("repo", str(repo), ref, key=str(key) if key.name else "",
                          insecure=insecure)
    with opened(Host(), source, repo.parent) as target:
        return target.facts().signature


@pytest.mark.parametrize("form", ["armored", "binary"])
def test_good_signature_by_the_given_key(image: Image, keys: Keys, form: str) -> None:
    key = keys("maker")
    key.sign(image.repo, image.commit)
    assert judge(image.repo, getattr(key, form)) == Signature(True, (key.fingerprint,))


def test_unsigned_commit(image: Image, keys: Keys) -> None:
    found = judge(image.repo, keys("maker").armored)
    assert not found.verified
    assert "no GPG signature" in found.problem


def test_signature_by_another_key(image: Image, keys: Keys) -> None:
    keys("stranger").sign(image.repo, image.commit)
    found = judge(image.repo, keys("maker").armored)
    assert not found.verified and not found.key_ids
    assert keys("stranger").fingerprint[-16:] in found.problem


def test_one_good_signature_of_two_suffices(image: Image, keys: Keys) -> None:
    keys("stranger").sign(image.repo, image.commit)
    keys("maker").sign(image.repo, image.commit)
    assert judge(image.repo, keys("maker").armored) == Signature(True, (keys("maker").fingerprint,))


def test_a_file_of_two_keys_trusts_both(image: Image, keys: Keys, tmp_path: Path) -> None:
    both = tmp_path / "both.asc"
    both.write_bytes(keys("stranger").armored.read_bytes() + keys("maker").armored.read_bytes())
    keys("maker").sign(image.repo, image.commit)
    assert judge(image.repo, both).verified


def test_signature_of_another_commit_does_not_count(image: Image, keys: Keys,
                                                     image_tree: Path) -> None:
    key = keys("maker")
    other = images.make_repo(image.repo, image_tree, ref="other", more=["--subject=other"])
    assert other != image.commit
    key.sign(image.repo, other)
    place = image.repo / "objects"
    shutil.copy(place / other[:2] / f"{other[2:]}.commitmeta",
                place / image.commit[:2] / f"{image.commit[2:]}.commitmeta")
    found = judge(image.repo, key.armored)
    assert not found.verified
    assert "bad" in found.problem


def test_a_repository_cannot_bring_its_own_trust(image: Image, keys: Keys) -> None:
    """Without a key file the keyring of a remote counts only where the ref names that remote."""
    key = keys("maker")
    key.sign(image.repo, image.commit)
    images.ostree(image.repo, "remote", "add", f"--gpg-import={key.armored}", "up",
                  "http://127.0.0.1:1/")
    images.ostree(image.repo, "refs", image.commit, f"--create=up:{images.REF}")
    assert not judge(image.repo, Path()).verified
    assert judge(image.repo, Path(), f"up:{images.REF}").verified
    assert not judge(image.repo, keys("stranger").armored, f"up:{images.REF}").verified


def test_expired_key(image: Image, tmp_path: Path) -> None:
    """A signature that was good when it was made; the key's time has run out since."""
    directory = tmp_path / "k"
    directory.mkdir()
    key = images.Key(directory, "old", expires="2020-01-03", now="20200101T000000")
    try:
        key.sign(image.repo, image.commit)
    finally:
        key.close()
    found = judge(image.repo, key.armored)
    assert not found.verified
    assert "expired" in found.problem


def test_insecure_says_that_nothing_was_checked(image: Image, keys: Keys) -> None:
    keys("maker").sign(image.repo, image.commit)
    found = judge(image.repo, keys("maker").armored, insecure=True)
    assert not found.verified and "insecure" in found.problem


@pytest.mark.parametrize("content", [
    b"", b"hello", b"\xff\xfe\x00", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!!\n-----END"])
def test_a_useless_key_file_is_bad_input(image: Image, keys: Keys, tmp_path: Path,
                                         content: bytes) -> None:
    keys("maker").sign(image.repo, image.commit)
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(BadInput):
        judge(image.repo, tmp_path / "key")
    with pytest.raises(BadInput, match="cannot be read"):
        judge(image.repo, tmp_path / "missing")


@pytest.mark.parametrize("damage", ["none", "flip", "cut", "noise"])
def test_damaged_signature_data_is_a_problem_not_a_crash(image: Image, keys: Keys,
                                                         damage: str) -> None:
    key = keys("maker")
    key.sign(image.repo, image.commit)
    meta = next(image.repo.rglob("*.commitmeta"))
    data = meta.read_bytes()
    tail = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]  # in the signature's last number
    meta.write_bytes({"none": data, "flip": tail, "cut": data[:50], "noise": b"x" * 200}[damage])
    found = judge(image.repo, key.armored)
    assert found.verified is (damage == "none")
    assert bool(found.problem) is (damage != "none")


def test_dearmored_equals_the_binary_export(keys: Keys) -> None:
    key = keys("maker")
    assert dearmored(key.armored.read_bytes()) == key.binary.read_bytes()
    assert dearmored(key.binary.read_bytes()) == key.binary.read_bytes()
