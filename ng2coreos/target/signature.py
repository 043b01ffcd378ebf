"""Is the commit signed by a key that the admin trusts?

The answer is about the exact bytes that were hashed to the commit's checksum: they, and not the
object store, are given to GPG.  A key file wins over every other keyring, so that a repository
cannot bring its own trust.
"""

import base64
import binascii
import hashlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, Set, Tuple

from ng2coreos.core.errors import BadInput, CommandFailed, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.model.target import Signature, TargetSource
from ng2coreos.target.objects import libostree
from ng2coreos.target.tree import Tree
from ng2coreos.target.work import temporary

_KEY_LIMIT_BYTES = 1 << 20
_ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_HINT_KEY = "Give the public key file of who signed the image: `gpg --export KEY > FILE`."


def verify(tree: Tree, source: TargetSource, host: Host, work: Path) -> Signature:
    """What GPG says of the commit's signatures; every reason against it is a `problem`.

    With `source.key`: verified only if a signature is good, neither expired nor revoked, and made
    by a key of that file.  Without: by the host's own /usr/share/ostree/trusted.gpg.d, or, where
    the ref names a remote of a local repository, by that remote's keyring.
    """
    if source.insecure:
        return Signature(False, problem="The signature was not checked, as --insecure says.")
    try:
        signatures = tree.objects.signatures(tree.commit)
    except BadInput as error:  # they are not part of the commit, which may be whole
        return Signature(False, problem=f"The signatures cannot be read: {error.message}")
    if not signatures:
        return Signature(False, problem="The commit has no GPG signature.")
    commit = tree.raw_commit
    if hashlib.sha256(commit).hexdigest() != tree.commit:
        raise BadInput(f"The commit {tree.commit} is damaged.", hint="Fetch the image again.")
    if source.key:
        key = _key(host, source.key)
        with _empty_repo(work) as repo, temporary(work) as directory:
            keyring = directory / "given.gpg"
            keyring.write_bytes(key)
            trusted = _fingerprints(host, keyring, work)
            if not trusted:
                raise BadInput(f"{source.key} holds no GPG public key.", hint=_HINT_KEY)
            return _judge(repo, commit, signatures, str(keyring), "", trusted)
    if source.kind == "repo" and ":" in source.ref:
        remote = source.ref.partition(":")[0]
        return _judge(tree.objects.repo, commit, signatures, "", remote, set())
    with _empty_repo(work) as repo:
        return _judge(repo, commit, signatures, "", "", set())


@contextmanager
def _empty_repo(work: Path) -> Iterator[Any]:
    """A repository without remotes: where none is named, libostree asks the keyrings of all."""
    ostree, gio, _ = libostree()
    with temporary(work) as directory:
        repo = ostree.Repo.new(gio.File.new_for_path(str(directory)))
        repo.create(ostree.RepoMode.ARCHIVE, None)
        yield repo


def dearmored(data: bytes) -> bytes:
    """A key file's binary OpenPGP data, armoured or not; BadInput if it is neither."""
    blocks = data.replace(b"\r\n", b"\n").split(_ARMOR)[1:]
    if not blocks:
        if data[:1] and data[0] & 0x80:  # every OpenPGP packet begins with bit 7 (RFC 4880, 4.2)
            return data
        raise BadInput("The key file is not an OpenPGP public key.", hint=_HINT_KEY)
    found = b""
    for block in blocks:
        body = block.partition(b"\n\n")[2].partition(b"-----END")[0]
        lines = [line for line in body.split() if not line.startswith(b"=")]  # "=": the CRC-24
        try:
            found += base64.b64decode(b"".join(lines), validate=True)
        except binascii.Error:
            raise BadInput("The key file is damaged.", hint=_HINT_KEY) from None
    return found


def _key(host: Host, path: str) -> bytes:
    try:
        return dearmored(host.read_bytes(path, limit=_KEY_LIMIT_BYTES))
    except OSError as error:
        raise BadInput(f"The key file {path} cannot be read: {error.strerror}.",
                       hint=_HINT_KEY) from None


def _fingerprints(host: Host, keyring: Path, work: Path) -> Set[str]:
    """Fingerprints of the primary keys and subkeys of a key file, as GnuPG lists them."""
    with temporary(work) as home:
        argv = ["gpg", "--homedir", str(home), "--batch", "--no-autostart", "--with-colons",
                "--show-keys", str(keyring)]
        try:
            listed = host.run(argv)
        except Unsupported as error:
            raise Unsupported("The program gpg is missing: the signature cannot be checked.",
                              hint="Install gnupg2, then try again.") from error
        except CommandFailed:
            raise BadInput("GnuPG cannot read the key file.", hint=_HINT_KEY) from None
    return {line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr:")}


def _judge(repo: Any, commit: bytes, signatures: List[bytes], keyring: str, remote: str,
           trusted: Set[str]) -> Signature:
    _, gio, glib = libostree()
    problems: List[str] = []
    good: List[str] = []
    for blob in signatures:
        try:
            result = repo.gpg_verify_data(
                remote or None, glib.Bytes.new(commit), glib.Bytes.new(blob), None,
                gio.File.new_for_path(keyring) if keyring else None, None)
        except glib.Error as error:
            problems.append(error.message)
            continue
        for number in range(result.count_all()):
            fingerprints, problem = _look(result, number)
            if not problem and trusted and not trusted.intersection(fingerprints):
                problem = f"The signature is by {fingerprints[0]}, not by the key that was given."
            if problem:
                problems.append(problem)
            else:
                good.append(fingerprints[-1])
    if good:
        return Signature(True, tuple(dict.fromkeys(good)))
    return Signature(False, problem=" ".join(dict.fromkeys(problems))
                     or "GPG found no signature in the signature data.")


def _look(result: Any, number: int) -> Tuple[List[str], str]:
    """Fingerprints (of the signing key, of its primary key) and what is wrong, if anything."""
    attributes = libostree()[0].GpgSignatureAttr
    wanted = [attributes.VALID, attributes.SIG_EXPIRED, attributes.KEY_EXPIRED,
              attributes.KEY_REVOKED, attributes.KEY_MISSING, attributes.FINGERPRINT,
              attributes.FINGERPRINT_PRIMARY]
    valid, expired, key_expired, revoked, missing, used, primary = result.get(
        number, [int(a) for a in wanted]).unpack()
    fingerprints = [f for f in (used, primary) if f]
    name = fingerprints[-1] if fingerprints else "an unknown key"
    if missing:
        return fingerprints, f"The commit is signed by {name}, which is not a trusted key."
    if revoked:
        return fingerprints, f"The key {name} that signed the commit is revoked."
    if key_expired:
        return fingerprints, f"The key {name} that signed the commit has expired."
    if expired:
        return fingerprints, f"The signature by {name} has expired."
    if not valid or not fingerprints:
        return fingerprints, f"The signature by {name} is bad."
    return fingerprints, ""
