"""Objects of an ostree repository, each checked against its own name while it is read.

libostree checks checksums when it pulls, not when it loads; what is read here is hashed here, so
a damaged or forged object is BadInput and a signature over the commit covers every byte that
these readers return.  Metadata objects are parsed from their GVariant bytes: building Python
values through gi costs more than all the rest together (a tree has some 50 000 names).
"""

import hashlib
import os
import stat
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ng2coreos.core.errors import BadInput, Unsupported

CHUNK_BYTES = 1 << 20
CSUM_BYTES = 32
COMMIT_FORMAT = "(a{sv}aya(say)sstayay)"  # ostree-core.h
_HEADER_LIMIT_BYTES = 1 << 20  # uid, gid, mode, symlink target and xattrs of one file
_ARCHIVE_HEADER = struct.Struct(">I4xQ")  # length, padding, then the size: ostree-core.c


def libostree() -> Any:
    """The OSTree, Gio and GLib bindings as attributes of one tuple, or Unsupported."""
    try:
        import gi
        gi.require_version("OSTree", "1.0")
        from gi.repository import Gio, GLib, OSTree
    except (ImportError, ValueError):
        raise Unsupported("libostree or its Python binding is missing.",
                          hint="Install ostree and python3-gobject-base (EL) or gir1.2-ostree-1.0 "
                               "(Debian), then try again.") from None
    return OSTree, Gio, GLib


@dataclass(frozen=True)
class Header:
    """Owner, mode and symlink target of a content object; xattrs are hashed but not kept."""

    uid: int
    gid: int
    mode: int
    link: str

    @property
    def is_link(self) -> bool:
        """Is the object a symlink?"""
        return stat.S_ISLNK(self.mode)


@dataclass(frozen=True)
class Directory:
    """A dirtree: names with checksums (hex); a directory's are (dirtree, dirmeta)."""

    files: Dict[str, str]
    directories: Dict[str, Tuple[str, str]]
    size_bytes: int = 0  # of the object itself


class Objects:
    """The objects of the local repository at `path`; BadInput where it is none."""

    def __init__(self, path: Path) -> None:
        ostree, gio, glib = libostree()
        self.path = path
        self.error = glib.Error
        self.repo = ostree.Repo.new(gio.File.new_for_path(str(path)))
        try:
            self.repo.open(None)
        except glib.Error as error:
            raise BadInput(f"{path} is not an ostree repository: {error.message}",
                           hint="Give the directory that has `config`, `objects` and `refs`."
                           ) from None
        self._types = {"commit": ostree.ObjectType.COMMIT, "dirtree": ostree.ObjectType.DIR_TREE,
                       "dirmeta": ostree.ObjectType.DIR_META, "file": ostree.ObjectType.FILE}
        self.archive = self.repo.get_mode() == ostree.RepoMode.ARCHIVE

    def metadata(self, kind: str, checksum: str) -> bytes:
        """The bytes of a metadata object; BadInput if missing or not what its name says."""
        try:
            variant = self.repo.load_variant(self._types[kind], checksum)[1]
        except self.error as error:
            raise self._damaged(kind, checksum, error.message) from None
        data = bytes_of(variant)
        if hashlib.sha256(data).hexdigest() != checksum:
            raise self._damaged(kind, checksum, "its content has another checksum")
        return data

    def commit(self, checksum: str) -> Any:
        """The commit object as a GVariant that is safe to look into."""
        return parsed(COMMIT_FORMAT, self.metadata("commit", checksum))

    def signatures(self, checksum: str) -> List[bytes]:
        """The GPG signatures beside a commit: unchecked bytes that anyone may have put there."""
        try:
            stored = self.repo.read_commit_detached_metadata(checksum, None)[1]
        except self.error as error:
            raise self._damaged("commitmeta", checksum, error.message) from None
        data = b"" if stored is None else bytes_of(stored)
        value = parsed("a{sv}", data).lookup_value("ostree.gpgsigs", None)
        return byte_strings(value) or []

    def directory(self, checksum: str) -> Directory:
        """The dirtree called `checksum`."""
        data = self.metadata("dirtree", checksum)
        try:
            return replace(parse_dirtree(data), size_bytes=len(data))
        except (ValueError, IndexError, struct.error):
            raise self._damaged("dirtree", checksum, "it cannot be parsed") from None

    def owner(self, checksum: str) -> Header:
        """Owner and mode of the directory whose dirmeta is `checksum`."""
        data = self.metadata("dirmeta", checksum)
        if len(data) < 12:
            raise self._damaged("dirmeta", checksum, "it cannot be parsed")
        uid, gid, mode = struct.unpack_from(">III", data)
        return Header(uid, gid, mode, "")

    def content(self, checksum: str) -> Iterator[Any]:
        """First the Header of the file, then its content in pieces of at most 1 MiB.

        The checksum stands only when the iterator has ended: use what came only after that, or
        end with BadInput as this does.
        """
        digest = hashlib.sha256()
        pending = b""
        header_known = False
        for piece in self._stream(checksum):
            digest.update(piece)
            if header_known:
                yield piece
                continue
            pending += piece
            if len(pending) < 8:
                continue
            end = 8 + struct.unpack_from(">I", pending)[0]
            if end > _HEADER_LIMIT_BYTES or end < 8 + 17:
                raise self._damaged("file", checksum, "its header cannot be parsed")
            if len(pending) >= end:
                header_known = True
                yield _header(pending[:end])
                if pending[end:]:
                    yield pending[end:]
                pending = b""
        if digest.hexdigest() != checksum or not header_known:
            raise self._damaged("file", checksum, "its content has another checksum")

    def _stream(self, checksum: str) -> Iterator[bytes]:
        try:
            stream = self.repo.load_object_stream(self._types["file"], checksum, None)[1]
            while True:
                piece = stream.read_bytes(CHUNK_BYTES, None).get_data()
                if not piece:
                    return
                yield bytes(piece)
        except self.error as error:
            raise self._damaged("file", checksum, error.message) from None

    def sizes(self, checksums: List[str]) -> Dict[str, int]:
        """The content sizes of files; the cost is one open (archive) or stat each.

        Only sizes are read here, nothing is hashed. BadInput where an object is missing.
        """
        suffix = ".filez" if self.archive else ".file"
        fd = os.open(str(self.path / "objects"), os.O_RDONLY | os.O_DIRECTORY)
        try:
            return {checksum: self._size(fd, checksum, suffix) for checksum in checksums}
        finally:
            os.close(fd)

    def size(self, checksum: str) -> int:
        """The content size of one file."""
        return self.sizes([checksum])[checksum]

    def _size(self, fd: int, checksum: str, suffix: str) -> int:
        name = checksum[:2] + "/" + checksum[2:] + suffix
        try:
            if not self.archive:
                found = os.stat(name, dir_fd=fd, follow_symlinks=False)
                return 0 if stat.S_ISLNK(found.st_mode) else found.st_size
            stream = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
        except FileNotFoundError:
            return self._size_elsewhere(checksum)
        try:
            size: int = _ARCHIVE_HEADER.unpack(os.read(stream, _ARCHIVE_HEADER.size))[1]
            return size
        except struct.error:
            raise self._damaged("file", checksum, "it is cut off") from None
        finally:
            os.close(stream)

    def _size_elsewhere(self, checksum: str) -> int:
        """The size of an object that only a parent repository has."""
        try:
            return int(self.repo.load_object_stream(self._types["file"], checksum, None)[2])
        except self.error as error:
            raise self._damaged("file", checksum, error.message) from None

    def _damaged(self, kind: str, checksum: str, why: str) -> BadInput:
        return BadInput(f"The object {checksum}.{kind} of {self.path} is damaged or missing: "
                        f"{why}.",
                        hint="Fetch the image again and check its SHA-256; `ostree fsck` lists "
                             "everything that is wrong with a repository.")


def parsed(kind: str, data: bytes) -> Any:
    """Foreign bytes as a GVariant, or BadInput.

    libostree takes what it loads for trusted, and looking into a malformed variant that is
    trusted crashes the process.
    """
    glib = libostree()[2]
    variant = glib.Variant.new_from_bytes(glib.VariantType(kind), glib.Bytes.new(data), False)
    if not variant.is_normal_form():
        raise BadInput("The commit's metadata is malformed.", hint="Fetch the image again.")
    return variant


def bytes_of(variant: Any) -> bytes:
    """The serialised bytes of a GVariant."""
    return bytes(variant.get_data_as_bytes().get_data() or b"")


def byte_strings(variant: Any) -> Optional[List[bytes]]:
    """An array of byte strings (``aay``), not unpacked into integers; None if it is none."""
    if variant is None or variant.get_type_string() != "aay":
        return None
    return [bytes_of(variant.get_child_value(n)) for n in range(variant.n_children())]


def parse_dirtree(data: bytes) -> Directory:
    """A dirtree, GVariant ``(a(say)a(sayay))``; ValueError or IndexError if it is malformed."""
    if not data:
        return Directory({}, {})
    width = _offset_width(len(data))
    split = int.from_bytes(data[-width:], "little")
    files: Dict[str, str] = {}
    for element in _elements(data[:split]):
        name, sums = _member(element, 1)
        files[name] = sums.hex()
    directories: Dict[str, Tuple[str, str]] = {}
    for element in _elements(data[split:-width]):
        name, sums = _member(element, 2)
        directories[name] = (sums[:CSUM_BYTES].hex(), sums[CSUM_BYTES:].hex())
    return Directory(files, directories)


def _elements(data: bytes) -> Iterator[bytes]:
    """The members of a serialised array of variable-size, byte-aligned members."""
    if not data:
        return
    width = _offset_width(len(data))
    table = int.from_bytes(data[-width:], "little")
    count, rest = divmod(len(data) - table, width)
    if rest or table > len(data):
        raise ValueError("framing offsets")
    start = 0
    for number in range(count):
        place = table + number * width
        end = int.from_bytes(data[place:place + width], "little")
        if not start < end <= table:
            raise ValueError("framing offset")
        yield data[start:end]
        start = end


def _member(element: bytes, sums: int) -> Tuple[str, bytes]:
    """The name and the checksums of a member; one framing offset per checksum ends it."""
    end = element.index(0)
    name = element[:end].decode("utf-8", "surrogateescape")
    size = sums * CSUM_BYTES
    if (not name or "/" in name or name in (".", "..")
            or len(element) != end + 1 + size + sums * _offset_width(len(element))):
        raise ValueError("member")
    return name, element[end + 1:end + 1 + size]


def _offset_width(length: int) -> int:
    if length < 1 << 8:
        return 1
    if length < 1 << 16:
        return 2
    return 4 if length < 1 << 32 else 8


def _header(data: bytes) -> Header:
    uid, gid, mode = struct.unpack_from(">III", data, 8)
    link = data[24:data.index(0, 24)].decode("utf-8", "surrogateescape")
    return Header(uid, gid, mode, link)
