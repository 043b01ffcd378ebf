"""The new system's ostree sysroot on its root volume: made, filled, deployed, read back.

ostree never sees NG's boot directory: it gets /boot/coreos, bound on the sysroot's boot.  Undoing
needs no ostree: the volume and /boot/coreos are thrown away.
"""

import io
import os
import re
import shlex
import threading
from collections import Counter
from configparser import ConfigParser
from configparser import Error as ConfigError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence, Tuple

from ng2coreos.core import durable
from ng2coreos.core.command import Completed
from ng2coreos.core.errors import BadInput, CommandFailed
from ng2coreos.core.host import Host
from ng2coreos.core.progress import Advance
from ng2coreos.model.places import REMOTE
from ng2coreos.model.plan import Target
from ng2coreos.stage import bls
from ng2coreos.stage.bls import Deployed
from ng2coreos.stage.bootdir import sha256
from ng2coreos.stage.mounts import Mounts, mounted

# A repository or a tar says nothing about where upgrades come from; the admin gives the real URL.
NO_URL = "http://no-upgrade-source.invalid/"
_SETTINGS = (
    ("bootloader", "none"),  # else ostree would run grub2-mkconfig over NG's grub.cfg
    ("readonly", "true"),
    ("bootprefix", "false"))  # paths in entries start at the partition's top
_PULL_S = 4 * 3600.0  # a slow disk and a large image
_DEPLOY_S = 3600.0
_LOOK_S = 0.5  # between two looks at how much was copied
_SEEN_INSIDE = ("/proc", "/sys", "/dev", "/run", "/boot")  # what a chrooted ostree must see
# What `ostree show` tells of signatures is indented by two blanks, a commit's own message by four;
# the commit's version, in a line before, is not indented at all.
_GOOD = re.compile(r"^  Good signature from ", re.MULTILINE)
_HINT = "Run `ng2coreos rollback`, then apply again."


@dataclass(frozen=True)
class Ostree:
    """How ostree is called: the host's own, or the image's in a chroot of its checkout."""

    argv: Tuple[str, ...] = ("ostree",)

    def run(self, host: Host, *words: str, timeout_s: float = 120.0,
            ok: Tuple[int, ...] = (0,)) -> Completed:
        """Run an ostree command to its end."""
        return host.run([*self.argv, *words], timeout_s=timeout_s, ok=ok)


HOST_OSTREE = Ostree()


def image_ostree(host: Host, mounts: Mounts, checkout: Path) -> Ostree:
    """The image's own ostree in a chroot of `checkout`: for hosts without one, or composefs.

    The host's /run and /boot are seen at the same paths inside, so sysroot, source and key must lie
    there (the run's mount base does).  What is mounted later is not seen: call it again then.
    """
    for place in _SEEN_INSIDE:
        mounts.unmount(checkout / place.lstrip("/"))
        mounts.bind(Path(place), checkout / place.lstrip("/"), recursive=True)
    found = Ostree(("chroot", str(checkout), "ostree"))
    found.run(host, "--version")
    return found


def begun(root: Path) -> bool:
    """Is there anything of a sysroot? Whoever makes it must know whether it was flushed."""
    return (root / "ostree").exists()


def init(host: Host, root: Path, stateroot: str, ostree: Ostree = HOST_OSTREE) -> None:
    """Guarantee an empty ostree sysroot with its stateroot and the settings that keep NG safe."""
    os.chmod(str(root), 0o755)
    if not (root / "ostree/repo/config").is_file():
        ostree.run(host, "admin", "init-fs", "--modern", str(root))
    _configure(root)
    place = root / "ostree/deploy" / stateroot
    if not (place / "var").is_dir():
        if place.is_dir() and not (place / "deploy").exists():
            durable.remove(place)  # a killed init: os-init refuses a directory that is there
        ostree.run(host, "admin", f"--sysroot={root}", "os-init", stateroot)


def pull(host: Host, root: Path, source: Path, target: Target, advance: Advance,
         ostree: Ostree = HOST_OSTREE) -> None:
    """Guarantee the whole commit in the sysroot's repo, every object's checksum verified.

    Where the plan says that the commit is signed, its signature is verified by ostree itself, with
    the plan's key, before and after.  `advance` gets the bytes as they arrive.  Objects that are
    there are not copied again; one sync at the end stands for one per object.
    """
    repo = f"--repo={_repo(root)}"
    _set_remote(host, root, source, target, ostree)
    verify = ["--gpg-verify"] if target.signed else []
    with _watched(root, advance):
        ostree.run(host, repo, "pull-local", "--untrusted", "--disable-fsync", f"--remote={REMOTE}",
                   *verify, str(source), target.commit, timeout_s=_PULL_S)
    if (root / f"ostree/repo/state/{target.commit}.commitpartial").exists():
        raise CommandFailed(f"The copy of {target.commit} is not whole.",
                            hint="Is the source whole? Check it with `ostree fsck`.")
    refspec = _refspec(target)
    found = ostree.run(host, repo, "rev-parse", refspec, ok=(0, 1))
    if found.returncode:  # there is none yet
        ostree.run(host, repo, "refs", f"--create={refspec}", target.commit)
    elif found.stdout.strip() != target.commit:
        raise BadInput(f"{refspec} is {found.stdout.strip()}, not the plan's {target.commit}.",
                       hint=_HINT)
    if target.signed:
        shown = ostree.run(host, repo, "show", f"--gpg-verify-remote={REMOTE}", target.commit)
        if not target.version.isprintable() or not _GOOD.search(shown.stdout):
            raise BadInput(f"The signature of {target.commit} is not good.",
                           hint="Fetch the image again, from a source that you trust.")
    host.run(["sync", "-f", str(root)], timeout_s=_PULL_S)


def deploy(host: Host, root: Path, stateroot: str, target: Target, arguments: Sequence[str],
           private: Path, ostree: Ostree = HOST_OSTREE) -> Deployed:
    """Guarantee exactly one deployment, of the commit, with these kernel arguments.

    `private` (/boot/coreos) must be bound on the sysroot's boot: without that ostree would put the
    kernel where GRUB cannot read it.  A deployment that is there already is left as it is.
    """
    _check_bound(root / "boot", private)
    if bls.entries(private):
        try:
            there = read_deployed(root, stateroot, private, target.commit)
            if _same_arguments(there.entry.options, arguments):
                return there
        except BadInput:
            pass  # another commit, or damaged: --no-merge replaces it
    ostree.run(host, "admin", "deploy", f"--sysroot={root}", f"--os={stateroot}", "--no-merge",
               # --karg= would replace an earlier argument of the same name (console=, rd.lvm.lv=)
               *(f"--karg-append={argument}" for argument in arguments), _refspec(target),
               timeout_s=_DEPLOY_S)
    host.run(["sync", "-f", str(root)], timeout_s=_DEPLOY_S)
    durable.settle(private)
    deployed = read_deployed(root, stateroot, private, target.commit)
    if not _same_arguments(deployed.entry.options, arguments):
        raise CommandFailed("The boot entry lacks kernel arguments that were asked for: "
                            f"{deployed.entry.options}", hint=_HINT)
    return deployed


def read_deployed(root: Path, stateroot: str, private: Path, commit: str) -> Deployed:
    """The one deployment as its boot entry says it; BadInput unless all of it fits together.

    Checked: one entry; its ostree= link leads to a deployment of `commit`; the kernel and initramfs
    on /boot, read from the disk, are those of the deployment: they have the checksum by which
    ostree names both, or else are the same as its own.
    """
    name = bls.only_entry(private)
    entry = bls.read(private, name)
    argument = bls.ostree_argument(entry.options)
    link = root / argument.lstrip("/")
    deployment = Path(os.path.realpath(str(link)))
    top = Path(os.path.realpath(str(root)))
    wanted = top / "ostree/deploy" / stateroot / "deploy"
    if (not link.is_symlink() or deployment.parent != wanted
            or not re.fullmatch(re.escape(commit) + r"\.\d+", deployment.name)):
        raise BadInput(f"{argument} does not lead to a deployment of {commit}.", hint=_HINT)
    modules = [p.parent for p in sorted((deployment / "usr/lib/modules").glob("*/vmlinuz"))]
    if len(modules) != 1:
        raise BadInput(f"The deployment has {len(modules)} kernels, not one.", hint=_HINT)
    checksum = argument.split("/")[-2]
    copies = [private / path[len(bls.PREFIX):].lstrip("/")
              for path in (entry.linux, entry.initrds[0])]
    if sha256(*copies) != checksum:  # so it is with a device tree, and in old images
        for copy, origin in zip(copies, ("vmlinuz", "initramfs.img")):
            if sha256(copy) != sha256(modules[0] / origin):
                raise BadInput(f"{copy} is not the deployment's {origin}.", hint=_HINT)
    return Deployed(commit, str(deployment.relative_to(top)), name, checksum, entry)


def _config(root: Path) -> ConfigParser:
    """The configuration of the sysroot's repository, which only ostree and we have written."""
    found = ConfigParser(interpolation=None, delimiters=("=",), strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        found.read_string((_repo(root) / "config").read_text("utf-8", "surrogateescape"))
    except (OSError, ConfigError) as error:
        raise BadInput(f"The new system's repository has no configuration: {error}",
                       hint=_HINT) from None
    if not found.has_section("core"):
        raise BadInput("The new system's repository has no configuration.", hint=_HINT)
    return found


def _configure(root: Path) -> None:
    """Guarantee the settings, written at once: each `ostree config set` is a process."""
    config = _config(root)
    if not config.has_section("sysroot"):
        config.add_section("sysroot")
    if dict(_SETTINGS).items() <= dict(config["sysroot"]).items():
        return
    config["sysroot"].update(_SETTINGS)
    text = io.StringIO()
    config.write(text, space_around_delimiters=False)
    durable.write_file(_repo(root) / "config", text.getvalue().encode("utf-8", "surrogateescape"))


def _set_remote(host: Host, root: Path, source: Path, target: Target, ostree: Ostree) -> None:
    """The remote, made anew: a killed run may have left it without its key."""
    repo = f"--repo={_repo(root)}"
    if _config(root).has_section(f'remote "{REMOTE}"'):
        ostree.run(host, repo, "remote", "delete", REMOTE)
    options = ["--no-gpg-verify"]
    if target.signed:
        options = [f"--gpg-import={key}" for key in _keys(host, source, target)]
    url = target.source.location if target.source.kind == "url" else NO_URL
    ostree.run(host, repo, "remote", "add", *options, REMOTE, url)


def _keys(host: Host, source: Path, target: Target) -> Tuple[str, ...]:
    """The key that the plan trusts: the admin's file, else the keyring of the source's remote.

    With neither, ostree asks the host's own /usr/share/ostree/trusted.gpg.d.
    """
    if target.source.key:
        return (str(host.path(target.source.key)),)
    keyring = source / f"{target.source.ref.partition(':')[0]}.trustedkeys.gpg"
    return (str(keyring),) if ":" in target.source.ref and keyring.is_file() else ()


@contextmanager
def _watched(root: Path, advance: Advance) -> Iterator[None]:
    """Tell `advance` how the used space of `root`'s file system grows, until the block ends."""
    over = threading.Event()

    def used() -> int:
        status = os.statvfs(str(root))
        return (status.f_blocks - status.f_bfree) * status.f_frsize

    def watch() -> None:
        told = used()
        while True:
            ended = over.wait(_LOOK_S)
            now = used()
            if now > told:
                advance(now - told)
                told = now
            if ended:
                return

    watcher = threading.Thread(target=watch, name="pull-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _check_bound(boot: Path, private: Path) -> None:
    here, there = os.stat(str(boot)), os.stat(str(private))
    if mounted(boot) is None or (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
        raise BadInput(f"{private} is not bound on {boot}.", hint=_HINT)


def _same_arguments(options: str, arguments: Sequence[str]) -> bool:
    found = Counter(word for word in _words(options) if not word.startswith("ostree="))
    return found == Counter(word for argument in arguments for word in _words(argument))


def _words(text: str) -> Sequence[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _refspec(target: Target) -> str:
    return f"{REMOTE}:{target.ref.rpartition(':')[2]}"


def _repo(root: Path) -> Path:
    return root / "ostree/repo"
