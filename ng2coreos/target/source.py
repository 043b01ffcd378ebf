"""Brings the repository that holds the target commit within reach, and resolves the ref.

A local repository is read where it is.  A tar is unpacked and a remote pulled into the caller's
work directory, where a finished copy of the same source is used again.
"""

import difflib
import hashlib
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Dict, List, Tuple
from urllib.parse import urlsplit

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.model.target import TargetSource
from ng2coreos.target.objects import Objects
from ng2coreos.target.unpack import unpack

PULL_DEADLINE_S = 7200.0  # 3 GB at 0.5 MB/s
_REMOTE = "ng2coreos"
_STAMP = "ng2coreos-source"  # in the copy: written last, says which source it is whole of
_COMMIT = re.compile(r"[0-9a-f]{64}")
_SHOWN_REFS = 12
_NO_OSTREE = ("Run `dnf install ostree` on this host, then plan again; `ng2coreos explain "
              "N2C_TOOL_MISSING` says what to do where no repository of the host has it. The run "
              "needs it as well. With the image as a directory or a tar, the plan is made without "
              "and tells what else there is.")


def repository(host: Host, source: TargetSource, work: Path) -> Path:
    """The directory of a local repository that has what `source` names."""
    if source.kind == "repo":
        return host.follow(source.location)
    if source.kind == "tar":
        return _unpacked(host, source, work)
    if source.kind == "url":
        return _pulled(host, source, work)
    raise BadInput(f"{source.kind!r} is not a kind of image source.", hint="Use repo, tar or url.")


def resolve(objects: Objects, source: TargetSource) -> Tuple[str, str]:
    """The ref and the commit that `source.ref` names; BadInput shows the nearest refs.

    An empty ref stands for the only one that there is.
    """
    if _COMMIT.fullmatch(source.ref):
        return source.ref, source.ref
    refs: Dict[str, str] = dict(objects.repo.list_refs(None, None)[1])
    if not source.ref:
        ref = _only(sorted({name.partition(":")[2] or name for name in refs}))
        source = replace(source, ref=ref)
    return source.ref, _commit(refs, source)


def _commit(refs: Dict[str, str], source: TargetSource) -> str:
    names = [source.ref]
    if source.kind == "url":
        names = [f"{_REMOTE}:{source.ref}"]
    for name in names:
        if name in refs:
            return refs[name]
    # A ref that only one remote of the repository has needs no remote's name.
    same = sorted({commit for name, commit in refs.items()
                   if name.partition(":")[2] == source.ref})
    if len(same) == 1:
        return same[0]
    raise _unknown(source.ref, sorted(refs))


def _only(refs: List[str]) -> str:
    if len(refs) != 1:
        shown = ", ".join(refs[:_SHOWN_REFS]) or "none"
        raise BadInput(f"The repository has {len(refs)} refs: {shown}.",
                       hint="Say which one with --ref.")
    return refs[0]


def _unknown(ref: str, refs: List[str]) -> BadInput:
    near = difflib.get_close_matches(ref, refs, n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif refs:
        more = ", ..." if len(refs) > _SHOWN_REFS else ""
        hint = f"It has: {', '.join(refs[:_SHOWN_REFS])}{more}."
    else:
        hint = "It has no refs at all; give the 64 hex digits of the commit."
    return BadInput(f"The repository has no ref {ref!r}.", hint=hint)


def _unpacked(host: Host, source: TargetSource, work: Path) -> Path:
    archive = host.follow(source.location)
    try:
        found = archive.stat()
    except OSError as error:
        raise BadInput(f"{source.location} cannot be read: {error.strerror}.",
                       hint="Give the build's ostree-commit.tar.") from None
    stamp = f"tar {archive} {found.st_size} {found.st_mtime_ns}\n"
    repo = _place(work, f"{archive}")
    if not _is_whole(repo, stamp):
        durable.remove(repo)
        unpack(archive, repo)
        os.sync()  # before the stamp, which would else survive a power cut that the objects do not
        durable.write_file(repo / _STAMP, stamp.encode())
    return repo


def _pulled(host: Host, source: TargetSource, work: Path) -> Path:
    parts = urlsplit(source.location)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{source.location} is not an http or https URL of a repository.",
                       hint="Use kind repo for a local directory.")
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    repo = _place(work, source.location)
    try:
        if not (repo / "config").exists():
            durable.remove(repo)
            repo.mkdir(mode=0o700, parents=True)
            host.run(["ostree", f"--repo={repo}", "init", "--mode=archive"])
        # The signature is checked afterwards, over the commit that was pulled (signature.py);
        # checksums are checked by the pull itself.
        host.run(["ostree", f"--repo={repo}", "remote", "add", "--force", "--no-gpg-verify",
                  _REMOTE, source.location])
        ref = source.ref or _only(_remote_refs(host, repo))
        host.run(["ostree", f"--repo={repo}", "pull", "--depth=0", _REMOTE, ref],
                 timeout_s=PULL_DEADLINE_S)
    except Unsupported:
        raise Unsupported("The program ostree is missing, which pulls an image from a URL "
                          "(N2C_TOOL_MISSING).", hint=_NO_OSTREE) from None
    except CommandFailed as error:
        refs = _remote_refs(host, repo)
        if refs and not _COMMIT.fullmatch(source.ref) and source.ref not in refs:
            raise _unknown(source.ref, refs) from None
        raise BadInput(f"The image cannot be pulled from {shown}: "
                       f"{error.message.rpartition('error: ')[2]}",
                       hint="Check the URL, the ref and the network; what was pulled is kept, a "
                            "second try goes on from there.") from None
    return repo


def _remote_refs(host: Host, repo: Path) -> List[str]:
    try:
        listed = host.run(["ostree", f"--repo={repo}", "remote", "refs", _REMOTE])
    except CommandFailed:  # the remote has no summary, or cannot be reached
        return []
    return sorted(line.partition(":")[2] for line in listed.stdout.split())


def _place(work: Path, name: str) -> Path:
    return work / ("image-" + hashlib.sha256(name.encode("utf-8", "surrogateescape"))
                   .hexdigest()[:16])


def _is_whole(repo: Path, stamp: str) -> bool:
    try:
        return (repo / _STAMP).read_text() == stamp
    except FileNotFoundError:
        if repo.exists():
            shutil.rmtree(str(repo))
        return False
