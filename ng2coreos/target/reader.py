"""Everything that a plan needs to know about the target image, read from its commit."""

import configparser
import hashlib
import posixpath
import re
import shlex
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple

from ng2coreos.core import repofile
from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.model.facts import FileFact
from ng2coreos.model.packages import RepositoryFile
from ng2coreos.model.places import PYTHON
from ng2coreos.model.target import Initramfs, TargetFacts, TargetSource
from ng2coreos.target import accounts, initramfs, packages, policy, signature, source, units
from ng2coreos.target.objects import Header, Objects
from ng2coreos.target.tree import Node, Tree

_MODULES = "usr/lib/modules"
_KERNELS = ("vmlinuz", "kernel", "Image")
_POLICY = re.compile(r"policy\.\d+")
_XML = ".xml"
_REPOS = "yum.repos.d"
_COMPOSEFS_ON = ("yes", "true", "1", "signed", "verity")  # "maybe" also boots without
_HINT_BOOT = "Use a commit that was made for booting (coreos-assembler, rpm-ostree compose)."


class TargetRepo:
    """A local repository that has the target commit; nothing in it is changed."""

    def __init__(self, host: Host, origin: TargetSource, repo_path: Path, work: Path) -> None:
        self._host = host
        self._source = origin
        self._work = work
        self.repo_path = repo_path
        objects = Objects(repo_path)
        self.ref, self.commit = source.resolve(objects, origin)
        self.tree = Tree(objects, self.commit)
        self._facts: Optional[TargetFacts] = None

    def facts(self) -> TargetFacts:
        """The facts; every object they come from is checked against the commit, which is checked
        against its signature first.  BadInput where objects are damaged or missing."""
        if self._facts is None:
            self._facts = self._read()
        return self._facts

    def _read(self) -> TargetFacts:
        tree = self.tree
        signed = signature.verify(tree, self._source, self._host, self._work)
        kernel = _kernel_version(tree)
        listed = packages.packages(tree, self._work)
        began = time.monotonic()
        totals = tree.totals()
        listed_s, began = time.monotonic() - began, time.monotonic()
        kernel_bytes = _kernel_bytes(tree, kernel)
        read_s = time.monotonic() - began
        release = _os_release(tree.text("usr/lib/os-release"))
        version = tree.metadata("version")
        selinux = _selinux(tree)
        return TargetFacts(
            source=self._source, ref=self.ref, commit=self.commit,
            version=str(version) if version else release.get("OSTREE_VERSION",
                                                             release.get("VERSION_ID", "")),
            timestamp=tree.timestamp, signature=signed, os_release=release,
            kernel_version=kernel, kernel_bytes=kernel_bytes,
            initramfs=_initramfs(tree, kernel),
            ignition_version=packages.ignition_version(tree, listed),
            files=totals.files, bytes=totals.bytes, stored=totals.stored,
            packages=listed,
            users=accounts.users(tree), groups=accounts.groups(tree),
            etc_groups=accounts.etc_groups(tree), etc=_etc(tree),
            units=units.units(tree), enabled_units=units.enabled(tree),
            ostree_composefs=_composefs(tree), selinux=selinux,
            selinux_mode=_selinux_mode(tree), top=_top(tree),
            policy=policy.read(tree, selinux) if selinux else None,
            firewall_services=_firewall_services(tree), modules=_modules(tree, kernel),
            python=_python(tree), repositories=_repositories(tree),
            read_bytes_per_s=_rate(kernel_bytes, read_s),
            objects_per_s=_rate(totals.objects, listed_s))


@contextmanager
def opened(host: Host, origin: TargetSource, work: Path) -> Iterator[TargetRepo]:
    """The repository that has the commit `origin` names.

    A tar is unpacked into `work`, a remote is pulled into it; both stay there for the next time
    (the same tar, unchanged, is not unpacked again).  `work` belongs to the caller, who removes
    it; what is written at all is written there (but for GnuPG's own scratch in $TMPDIR).  Raises
    BadInput for what is not there or not what it must be.
    """
    yield TargetRepo(host, origin, source.repository(host, origin, work), work)


def file_fact(tree: Tree, node: Node) -> FileFact:
    """What lies at a node, with the digest of a file's content."""
    if node.is_directory:
        owner = tree.objects.owner(node.meta)
        return _fact("directory", owner)
    header, pieces = tree.open(node)
    digest = hashlib.sha256()
    size = 0
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
    if header.is_link:
        return _fact("symlink", header, link=header.link)
    if not stat.S_ISREG(header.mode):
        return _fact("other", header)
    return _fact("file", header, size_bytes=size, sha256=digest.hexdigest())


def _fact(kind: str, header: Header, *, size_bytes: int = 0, sha256: str = "",
          link: str = "") -> FileFact:
    return FileFact(kind, stat.S_IMODE(header.mode), header.uid, header.gid, size_bytes, sha256,
                    link)


def _rate(count: int, seconds: float) -> float:
    """Two digits are all that one measurement is worth."""
    return float(f"{count / seconds:.2g}") if seconds > 0 and count else 0.0


def _etc(tree: Tree) -> Dict[str, FileFact]:
    return {path[len("usr"):]: file_fact(tree, node) for path, node in tree.walk("usr/etc")}


def _kernel_version(tree: Tree) -> str:
    named = tree.metadata("ostree.linux")
    kernels = [name for name, node in tree.list(_MODULES).items()
               if node.is_directory and _kernel_file(tree, name)]
    if named in kernels:
        return str(named)
    if len(kernels) != 1:
        raise BadInput(f"The image has {len(kernels)} kernels below /{_MODULES}, not one.",
                       hint=_HINT_BOOT)
    return kernels[0]


def _kernel_file(tree: Tree, version: str) -> Optional[Node]:
    listing = tree.list(f"{_MODULES}/{version}")
    return next((listing[name] for name in _KERNELS if name in listing), None)


def _kernel_bytes(tree: Tree, version: str) -> int:
    node = _kernel_file(tree, version)
    assert node is not None  # _kernel_version chose it by this
    return sum(len(piece) for piece in tree.open(node)[1])  # read and checked, not only looked up


def _initramfs(tree: Tree, version: str) -> Initramfs:
    listing = tree.list(posixpath.join(_MODULES, version))
    node = listing.get("initramfs.img", listing.get("initramfs"))
    if node is None:
        raise BadInput(f"The image has no /{_MODULES}/{version}/initramfs.img.", hint=_HINT_BOOT)
    _, pieces = tree.open(node)
    return initramfs.inspect(tree.objects.size(node.checksum), pieces)


def _os_release(text: str) -> Dict[str, str]:
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            try:
                found[key] = "".join(shlex.split(value))
            except ValueError:  # an unbalanced quote: the value as it stands
                found[key] = value
    return found


def _firewall_services(tree: Tree) -> Tuple[str, ...]:
    names = {name for place in ("usr/lib", "usr/etc")
             for name in tree.list(f"{place}/firewalld/services")}
    return tuple(sorted(n[:-len(_XML)] for n in names if n.endswith(_XML)))


def _repositories(tree: Tree) -> Tuple[RepositoryFile, ...]:
    return tuple(repofile.parse(f"/etc/{_REPOS}/{name}", tree.text(f"usr/etc/{_REPOS}/{name}"))
                 for name, node in tree.list(f"usr/etc/{_REPOS}").items()
                 if name.endswith(".repo") and not node.is_directory)


def _modules(tree: Tree, version: str) -> Tuple[str, ...]:
    """The names of the kernel's modules, by depmod's and the build's own lists."""
    lines = [line for name in ("modules.dep", "modules.builtin")
             for line in tree.text(f"{_MODULES}/{version}/{name}").splitlines()]
    names = [posixpath.basename(line.partition(":")[0]).partition(".ko")[0] for line in lines]
    return tuple(sorted({name.replace("-", "_") for name in names if name}))


def _top(tree: Tree) -> Dict[str, str]:
    """The directories in ``/``, and the links there: a running system cannot make one."""
    found = {}
    for name, node in tree.list("").items():
        header = None if node.is_directory else tree.open(node)[0]
        if header is None or header.is_link:
            found[name] = header.link if header is not None else ""
    return found


def _composefs(tree: Tree) -> bool:
    """Does the image refuse to boot without a composefs image of its deployment?"""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(tree.text("usr/lib/ostree/prepare-root.conf"))
    except configparser.Error:
        raise BadInput("The image's /usr/lib/ostree/prepare-root.conf cannot be read.",
                       hint="Is the image damaged?") from None
    return parser.get("composefs", "enabled", fallback="no").strip().lower() in _COMPOSEFS_ON


def _python(tree: Tree) -> bool:
    """Is it a program, or a link that does not lead to nothing beside it?"""
    node = tree.find(PYTHON)
    if node is None or node.is_directory:
        return False
    header, _ = tree.open(node)
    if header.is_link:
        return "/" in header.link or tree.find(
            posixpath.join(posixpath.dirname(PYTHON), header.link)) is not None
    return stat.S_ISREG(header.mode) and bool(header.mode & 0o111)


def _selinux(tree: Tree) -> Optional[str]:
    """The policy type of /etc/selinux/config, if that policy is in the image."""
    config = _os_release(tree.text("usr/etc/selinux/config"))
    name: Tuple[str, ...] = tuple(config.get("SELINUXTYPE", "").split())
    if len(name) != 1:
        return None
    policy = tree.list(f"usr/etc/selinux/{name[0]}/policy")
    return name[0] if any(_POLICY.fullmatch(n) for n in policy) else None


def _selinux_mode(tree: Tree) -> str:
    return _os_release(tree.text("usr/etc/selinux/config")).get("SELINUX", "").strip().lower()
