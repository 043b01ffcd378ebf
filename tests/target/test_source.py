"""Images from a tar and from a remote on the loopback."""

import functools
import http.server
import shlex
import tarfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator, Sequence

import pytest

from ng2coreos.core.command import Completed, Input
from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.model.programs import PROGRAMS
from ng2coreos.model.target import TargetSource
from ng2coreos.plan.catalogue import finding
from ng2coreos.target import opened
from tests.target import images
from tests.target.conftest import Image


def make_tar(repo: Path, path: Path, mode: str = "w", prefix: str = ".") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        tar.add(repo, prefix)
    return path


@pytest.mark.parametrize("mode, prefix", [("w", "."), ("w:gz", "repo"), ("w:xz", "./x")])
def test_tar_is_unpacked_once_and_read(image: Image, keys: Callable[[str], images.Key],
                                       tmp_path: Path, mode: str, prefix: str) -> None:
    keys("maker").sign(image.repo, image.commit)
    archive = make_tar(image.repo, tmp_path / "ostree-commit.tar", mode, prefix)
    source = TargetSource("tar", str(archive), images.REF, key=str(keys("maker").armored))
    work = tmp_path / "work"
    with opened(Host(), source, work) as target:
        assert target.facts().signature.verified
        assert target.facts().commit == image.commit
        first = target.repo_path
    marker = first / "state/seen"
    marker.write_text("")
    with opened(Host(), source, work) as target:
        assert target.repo_path == first and marker.exists()
    make_tar(image.repo, archive, mode, prefix)
    with opened(Host(), source, work) as target:
        assert target.repo_path == first and not marker.exists()
    pulled = tmp_path / "pulled"
    images.ostree(pulled, "init", "--mode=bare-user")
    images.ostree(pulled, "pull-local", "--untrusted", str(first), image.commit)


def test_every_cut_of_a_tar_is_bad_input(pristine: Image, tmp_path: Path) -> None:
    archive = make_tar(pristine.repo, tmp_path / "whole.tar")
    data = archive.read_bytes()
    for number, length in enumerate([0, 100, 512, 5000, len(data) // 2, len(data) * 7 // 10]):
        cut = tmp_path / f"{number}.tar"
        cut.write_bytes(data[:length])
        with pytest.raises(BadInput):
            source = TargetSource("tar", str(cut), images.REF)
            with opened(Host(), source, tmp_path / "w") as target:
                target.facts()


def test_a_missing_tar_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        with opened(Host(), TargetSource("tar", str(tmp_path / "no"), images.REF), tmp_path):
            pass


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_a_remote_is_pulled_and_judged(image: Image, keys: Callable[[str], images.Key],
                                       tmp_path: Path) -> None:
    keys("maker").sign(image.repo, image.commit)
    images.ostree(image.repo, "summary", "-u")
    work = tmp_path / "work"
    with serving(image.repo) as url:
        for ref in (images.REF, image.commit):
            source = TargetSource("url", url, ref, key=str(keys("maker").armored))
            with opened(Host(), source, work) as target:
                assert target.commit == image.commit
                assert target.facts().signature.verified
                assert target.repo_path.parent == work
        with pytest.raises(BadInput) as caught, opened(
                Host(), TargetSource("url", url, images.REF + "x"), work):
            pass
        assert images.REF in caught.value.hint


def test_a_remote_with_a_forged_object_is_refused(image: Image, tmp_path: Path) -> None:
    images.forge(images.object_of(image.repo, "/usr/lib/passwd"), b"evil")
    with serving(image.repo) as url:
        with pytest.raises(BadInput, match="cannot be pulled"), opened(
                Host(), TargetSource("url", url, images.REF), tmp_path / "work"):
            pass


@pytest.mark.parametrize("url", ["file:///etc", "ftp://127.0.0.1/", "/srv/repo", "http://"])
def test_only_http_urls_are_pulled(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadInput), opened(Host(), TargetSource("url", url, "x"), tmp_path):
        pass


def test_without_ostree_the_error_says_what_the_finding_would(tmp_path: Path) -> None:
    """There is no plan without the image, so nothing else can tell it."""
    package = next(p.package for p in PROGRAMS if "ostree" in p.names)
    command = finding("N2C_TOOL_MISSING", package=package, programs="ostree").steps[0].argv

    def run(argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        raise Unsupported(f"The program {argv[0]} is missing.", hint="Install it.")

    with pytest.raises(Unsupported) as caught, opened(
            Host(runner=run), TargetSource("url", "http://127.0.0.1:1/", "x"), tmp_path):
        pass
    assert "The program ostree is missing" in caught.value.message
    assert "N2C_TOOL_MISSING" in caught.value.message and shlex.join(command) in caught.value.hint


def test_a_password_in_the_url_is_not_shown(tmp_path: Path) -> None:
    source = TargetSource("url", "http://u:hunter2@127.0.0.1:1/", "x")
    with pytest.raises(BadInput) as caught, opened(Host(), source, tmp_path):
        pass
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_an_empty_ref_stands_for_the_only_one(image: Image, tmp_path: Path) -> None:
    with opened(Host(), TargetSource("repo", str(image.repo), ""), tmp_path) as target:
        assert (target.facts().ref, target.commit) == (images.REF, image.commit)


def test_an_empty_ref_is_refused_where_there_are_two(image: Image, tmp_path: Path) -> None:
    images.ostree(image.repo, "refs", "--create=another", image.commit)
    source = TargetSource("repo", str(image.repo), "")
    with pytest.raises(BadInput, match="2 refs: another, "), \
            opened(Host(), source, tmp_path) as target:
        target.facts()
