"""The real ostree makes, fills and deploys a sysroot whose boot is NG's private directory."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import pytest

from ng2coreos.core.command import Completed, Input, run_process
from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.model.places import REMOTE
from ng2coreos.model.plan import Target
from ng2coreos.model.target import TargetSource
from ng2coreos.plan.catalogue import finding
from ng2coreos.stage import bls, bootdir, menu, sysroot
from ng2coreos.stage.bls import Deployed
from ng2coreos.stage.mounts import Mounts
from tests.fakes import FakeHost
from tests.stage.namespace import in_namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("ostree"),
                                reason="needs root and ostree")
OS = "ovirt-node"
ARGUMENTS = ("root=UUID=1", "rw", "console=tty0", "console=ttyS0,115200n8", "rd.lvm.lv=onn/a",
             "rd.lvm.lv=onn/b", 'dyndbg="file a.c +p"')


def run(*argv: object, env: Optional[Dict[str, str]] = None) -> str:
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True,
                          env={**os.environ, **(env or {})}).stdout.strip()


class Source:
    """An archive repository with a signed commit, an unsigned one, and the keys."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.repo = top / "repo"
        home = top / "gpg"
        home.mkdir(mode=0o700)
        for name in ("signer", "other"):
            run("gpg", "--homedir", home, "--batch", "-q", "--passphrase", "", "--quick-gen-key",
                f"{name}@example.org", "ed25519", "sign", "never")
            (top / f"{name}.gpg").write_bytes(subprocess.run(
                ["gpg", "--homedir", str(home), "--export", f"{name}@example.org"], check=True,
                capture_output=True).stdout)
        listed = run("gpg", "--homedir", home, "--list-keys", "--with-colons", "signer@example.org")
        self.key = next(line.split(":")[9] for line in listed.splitlines() if line[:3] == "fpr")
        run("ostree", f"--repo={self.repo}", "init", "--mode=archive")
        self.signed = self.commit("1", f"--gpg-sign={self.key}", f"--gpg-homedir={home}")
        self.unsigned = self.commit("2")
        run("gpgconf", "--homedir", home, "--kill", "all")

    def commit(self, version: str, *options: str) -> str:
        tree = self.top / f"tree{version}"
        for name, content in {
                "usr/lib/os-release": 'ID=x\nPRETTY_NAME="Stand-in"\n', "usr/etc/hostname": version,
                "usr/lib/modules/6.1/vmlinuz": "kernel", "usr/lib/modules/6.1/initramfs.img": "i",
                "usr/share/big": version * 300_000}.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(content)
        if version == "2":  # not the two alone make the checksum then
            (tree / "usr/lib/modules/6.1/devicetree").write_text("d")
        return run("ostree", f"--repo={self.repo}", "commit", "-b", f"node/x86_64/{version}",
                   f"--tree=dir={tree}", *options)

    def target(self, **changes: object) -> Target:
        source = TargetSource("repo", str(self.repo), "node/x86_64/1", str(self.top / "signer.gpg"))
        whole = Target(source, "node/x86_64/1", self.signed, "1", True, self.key, "6.1", "2.14.0")
        return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Source(tmp_path_factory.mktemp("source"))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "run/sysroot"
    path.mkdir(parents=True, mode=0o700)
    yield path
    for deployment in path.glob("ostree/deploy/*/deploy/*.?"):  # ostree makes them immutable
        subprocess.run(["chattr", "-i", str(deployment)], check=True)


def staged(root: Path, boot: Path, work: Callable[[Path], None]) -> None:
    """Call `work` with the private directory bound on the sysroot's boot."""
    def inside() -> None:
        with Mounts(Host(), root.parent) as mounts:
            private = bootdir.make_private(boot)
            mounts.bind(private, root / "boot")
            work(private)
    in_namespace(inside)


def test_from_nothing_to_a_deployment_that_grub_can_load(root: Path, boot: Path,
                                                         source: Source) -> None:
    host, target = Host(), source.target()
    before = bootdir.digests(boot, boot / "grub2/custom.cfg", boot / "grub2/grubenv")
    told: List[int] = []
    for _ in range(2):  # the second time everything is there already
        sysroot.init(host, root, OS)
        sysroot.pull(host, root, source.repo, target, told.append)
    assert root.stat().st_mode & 0o777 == 0o755
    assert all(amount > 0 for amount in told)
    config = (root / "ostree/repo/config").read_text()
    for line in ("bootloader=none", "readonly=true", "bootprefix=false"):
        assert line in config

    def work(private: Path) -> None:
        deployed = sysroot.deploy(host, root, OS, target, ARGUMENTS, private)
        again = sysroot.deploy(host, root, OS, target, ARGUMENTS, private)
        assert again == deployed
        check(deployed, private)
        assert sysroot.read_deployed(root, OS, private, target.commit) == deployed

    def check(deployed: Deployed, private: Path) -> None:
        assert deployed.commit == source.signed
        assert deployed.deployment == f"ostree/deploy/{OS}/deploy/{source.signed}.0"
        assert (root / deployed.deployment / "etc/hostname").read_text() == "1"
        assert deployed.entry.linux == f"/coreos/ostree/{OS}-{deployed.bootcsum}/vmlinuz-6.1"
        assert (boot / deployed.entry.linux.lstrip("/")).read_text() == "kernel"
        options, _, last = deployed.entry.options.rpartition(" ")
        assert options == " ".join(ARGUMENTS)
        assert last == f"ostree=/ostree/boot.1/{OS}/{deployed.bootcsum}/0"
        assert menu.arguments(options)[-1] == "dyndbg=file a.c +p"
        origin = (root / f"{deployed.deployment}.origin").read_text()
        assert f"refspec={REMOTE}:node/x86_64/1" in origin
        assert (private / "boot").is_symlink()

    staged(root, boot, work)
    assert bootdir.digests(boot, boot / "grub2/custom.cfg", boot / "grub2/grubenv") == before
    assert not any((root / "boot").iterdir())  # nothing went into the volume itself
    remote = (root / "ostree/repo/config").read_text()
    assert f"url={sysroot.NO_URL}" in remote and "gpg-verify=false" not in remote
    advice = finding("N2C_TARGET_REMOTE", location="/srv/x", remote=REMOTE)
    name, verb, *words = advice.steps[0].argv  # as the admin is told to mend it
    run(name, verb, f"--repo={root}/ostree/repo", *words[:-1], "https://x/repo")
    assert run("ostree", f"--repo={root}/ostree/repo", "remote", "show-url",
               REMOTE) == "https://x/repo"
    assert (root / "ostree/repo/config").read_text() == remote.replace(sysroot.NO_URL,
                                                                       "https://x/repo")


def test_other_arguments_or_another_commit_replace_the_deployment(root: Path, boot: Path,
                                                                  source: Source) -> None:
    host, target = Host(), source.target()
    other = source.target(commit=source.unsigned, signed=False, ref="node/x86_64/2")
    sysroot.init(host, root, OS)
    sysroot.pull(host, root, source.repo, target, print)
    sysroot.pull(host, root, source.repo, other, print)

    def work(private: Path) -> None:
        for arguments, wanted in ((("a",), target), (("a", "a"), target), (("b",), other)):
            deployed = sysroot.deploy(host, root, OS, wanted, arguments, private)
            assert deployed.entry.options.split()[:-1] == list(arguments)
            assert deployed.commit == wanted.commit
            kernel, initramfs = (boot / path.lstrip("/") for path in (deployed.entry.linux,
                                                                      deployed.entry.initrds[0]))
            alone = bootdir.sha256(kernel, initramfs)
            assert (alone == deployed.bootcsum) == (wanted == target)
            assert len(bls.entries(private)) == 1
            with pytest.raises(BadInput, match="does not lead"):
                sysroot.read_deployed(root, OS, private, "0" * 64)

    staged(root, boot, work)
    assert len(list((root / f"ostree/deploy/{OS}/deploy").glob("*.origin"))) == 1


def test_a_repository_whose_configuration_a_cut_emptied_is_refused(root: Path) -> None:
    sysroot.init(Host(), root, OS)
    for text in ("", "x\n", "[remote \"a\"]\n"):
        (root / "ostree/repo/config").write_text(text)
        with pytest.raises(BadInput, match="no configuration"):
            sysroot.init(Host(), root, OS)


def test_without_the_bind_nothing_is_deployed(root: Path, boot: Path, source: Source) -> None:
    sysroot.init(Host(), root, OS)
    sysroot.pull(Host(), root, source.repo, source.target(), print)
    private = bootdir.make_private(boot)
    with pytest.raises(BadInput, match="not bound"):
        sysroot.deploy(Host(), root, OS, source.target(), ARGUMENTS, private)
    assert bls.entries(private) == () and not (root / "boot/loader").exists()


def test_a_damaged_kernel_on_boot_is_found_and_mended(root: Path, boot: Path,
                                                      source: Source) -> None:
    host, target = Host(), source.target()
    sysroot.init(host, root, OS)
    sysroot.pull(host, root, source.repo, target, print)

    def work(private: Path) -> None:
        deployed = sysroot.deploy(host, root, OS, target, ARGUMENTS, private)
        kernel = boot / deployed.entry.linux.lstrip("/")
        content = kernel.read_bytes()
        kernel.unlink()  # it may be a hard link into the repo here: one file system
        kernel.write_bytes(b"x" + content[1:])
        with pytest.raises(BadInput, match="vmlinuz"):
            sysroot.read_deployed(root, OS, private, target.commit)

    staged(root, boot, work)


@pytest.mark.parametrize("changes, problem", [
    ({"commit": "unsigned"}, "no signatures found"),
    ({"key": "other.gpg"}, "public key not found"),
    ({"key": ""}, "public key not found")])
def test_a_commit_without_a_good_signature_is_refused(root: Path, source: Source,
                                                      changes: Dict[str, str],
                                                      problem: str) -> None:
    target = source.target()
    if "commit" in changes:
        target = replace(target, commit=source.unsigned)
    if "key" in changes:
        key = str(source.top / changes["key"]) if changes["key"] else ""
        target = replace(target, source=replace(target.source, key=key))
    sysroot.init(Host(), root, OS)
    with pytest.raises(CommandFailed, match=problem):
        sysroot.pull(Host(), root, source.repo, target, print)


def test_objects_that_are_there_do_not_excuse_a_bad_signature(root: Path, source: Source) -> None:
    unsigned = source.target(commit=source.unsigned, signed=False, ref="node/x86_64/2")
    sysroot.init(Host(), root, OS)
    sysroot.pull(Host(), root, source.repo, unsigned, print)
    with pytest.raises(CommandFailed, match="no signatures found"):
        sysroot.pull(Host(), root, source.repo, replace(unsigned, signed=True), print)


@pytest.mark.parametrize("message,version", [
    (("--subject=x",), "2"), (("--subject=Good signature from me",), "2"),
    (("--subject=x", "--body=  Good signature from me\nGood signature from me"), "2"),
    (("--subject=x", "--add-metadata-string=version=2\n\n  Good signature from me"),
     "2\n\n  Good signature from me")])
def test_a_commit_cannot_say_itself_that_its_signature_is_good(
        root: Path, source: Source, message: Sequence[str], version: str) -> None:
    """The signature is looked at once more after the copy, whatever the copy made of it."""
    commit = source.commit("3", *message)
    target = source.target(commit=commit, ref="node/x86_64/3", version=version)

    def careless(argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        return run_process([word for word in argv if word != "--gpg-verify"], timeout_s, data)

    sysroot.init(Host(), root, OS)
    with pytest.raises(BadInput, match="signature .* is not good"):
        sysroot.pull(Host("/", careless), root, source.repo, target, print)


def test_a_damaged_object_is_refused(root: Path, source: Source, tmp_path: Path) -> None:
    repo = tmp_path / "damaged"
    shutil.copytree(str(source.repo), str(repo), symlinks=True)
    for path in (repo / "objects").rglob("*.filez"):
        data = bytearray(path.read_bytes())
        data[-3] ^= 1
        path.write_bytes(bytes(data))
    sysroot.init(Host(), root, OS)
    with pytest.raises(CommandFailed):
        sysroot.pull(Host(), root, repo, source.target(), print)


def test_an_init_that_was_killed_is_carried_on(root: Path) -> None:
    (root / "ostree/repo").mkdir(parents=True)
    (root / f"ostree/deploy/{OS}").mkdir(parents=True)
    sysroot.init(Host(), root, OS)
    assert (root / f"ostree/deploy/{OS}/var").is_dir()
    run("ostree", "admin", f"--sysroot={root}", "status")


def test_a_remote_gets_its_url(root: Path, source: Source) -> None:
    target = source.target()
    target = replace(target, source=replace(target.source, kind="url", location="https://x/repo"))
    sysroot.init(Host(), root, OS)
    sysroot.pull(Host(), root, source.repo, target, print)
    assert "url=https://x/repo" in (root / "ostree/repo/config").read_text()


def test_the_keyring_of_a_local_remote_is_taken_over(root: Path, source: Source,
                                                     tmp_path: Path) -> None:
    repo = tmp_path / "mirror"
    shutil.copytree(str(source.repo), str(repo), symlinks=True)
    run("ostree", f"--repo={repo}", "remote", "add", f"--gpg-import={source.top}/signer.gpg", "up",
        "https://x")
    target = source.target(ref="up:node/x86_64/1")
    target = replace(target, source=replace(target.source, ref="up:node/x86_64/1", key=""))
    sysroot.init(Host(), root, OS)
    sysroot.pull(Host(), root, repo, target, print)
    assert run("ostree", f"--repo={root}/ostree/repo", "rev-parse",
               f"{REMOTE}:node/x86_64/1") == source.signed


def test_the_ostree_of_an_image_in_a_chroot(root: Path, boot: Path, source: Source,
                                            tmp_path: Path) -> None:
    """Stand-in for the image's checkout: a bind of this machine's own root."""
    place = Path("/run") / f"ng2coreos-test-{os.getpid()}"

    def work() -> None:
        host = Host()
        place.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], check=True)
        checkout, seen, repo = place / "checkout", place / "sysroot", place / "repo"
        for path in (checkout, seen):
            path.mkdir()
        shutil.copytree(str(source.repo), str(repo), symlinks=True)
        shutil.copy(str(source.top / "signer.gpg"), str(place / "key"))
        target = source.target()
        target = replace(target, source=replace(target.source, key=str(place / "key")))
        with Mounts(host, place / "base") as mounts:
            mounts.bind(Path("/"), checkout)
            (checkout / "boot").mkdir(exist_ok=True)
            ostree = sysroot.image_ostree(host, mounts, checkout)
            assert ostree.argv[0] == "chroot"
            sysroot.init(host, seen, OS, ostree)
            sysroot.pull(host, seen, repo, target, print, ostree)
            private = place / "coreos"
            private.mkdir()
            mounts.bind(private, seen / "boot")
            with pytest.raises(BadInput, match="0 boot entries"):  # the bind is not seen inside
                sysroot.deploy(host, seen, OS, target, ("a",), private, ostree)
            ostree = sysroot.image_ostree(host, mounts, checkout)
            deployed = sysroot.deploy(host, seen, OS, target, ("a",), private, ostree)
            assert deployed.commit == source.signed

    try:
        in_namespace(work)
    finally:
        place.rmdir()


def test_a_host_without_ostree_says_so(fake_host: FakeHost, root: Path) -> None:
    fake_host.on("ostree", ..., missing=True)
    with pytest.raises(Unsupported, match="ostree is missing"):
        sysroot.init(fake_host, root, OS)


def test_arguments_are_compared_as_words() -> None:
    same: Callable[[str, Tuple[str, ...]], bool] = sysroot._same_arguments
    assert same('a x="1 2" ostree=/o', ("a", 'x="1 2"'))
    assert same("a b ostree=/o", ("b", "a"))
    assert not same("a ostree=/o", ("a", "a"))
    assert not same("a b ostree=/o", ("a",))
