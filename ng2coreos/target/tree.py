"""A commit's tree: look up, list and read paths without checking anything out."""

import os
import stat
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

from ng2coreos.core.errors import BadInput
from ng2coreos.model.filesystem import BLOCK
from ng2coreos.model.target import Stored
from ng2coreos.target.objects import Directory, Header, Objects, byte_strings, bytes_of

READ_LIMIT_BYTES = 64 * 1024 * 1024  # of a file that is held in memory whole
_ROOT_CHILDREN = (6, 7)  # of a commit: its dirtree and dirmeta
_TIMESTAMP = 5
_DOTS = 24  # the entries . and .. of a directory


@dataclass(frozen=True)
class Node:
    """What lies at a path: `checksum` of the file, or of the dirtree with its `meta`."""

    checksum: str
    meta: str = ""  # dirmeta; empty for files and symlinks

    @property
    def is_directory(self) -> bool:
        """Is it a directory?"""
        return bool(self.meta)


@dataclass(frozen=True)
class Totals:
    """Size of the tree. `bytes` counts each content object once, as hard links do on disk."""

    files: int  # paths that are no directories
    directories: int
    objects: int  # distinct content objects
    bytes: int
    stored: Stored


class Tree:
    """The tree of one commit; every object that is read is checked (see objects.py)."""

    def __init__(self, objects: Objects, commit: str) -> None:
        self.objects = objects
        self.commit = commit
        self._commit = objects.commit(commit)
        self._cache: Dict[str, Directory] = {}
        self._root = Node(*(self._bytes(n).hex() for n in _ROOT_CHILDREN))

    def _bytes(self, child: int) -> bytes:
        return bytes_of(self._commit.get_child_value(child))

    @property
    def timestamp(self) -> int:
        """When the commit was made, in seconds since 1970."""
        return int.from_bytes(self._bytes(_TIMESTAMP), "big")

    @property
    def raw_commit(self) -> bytes:
        """The commit object, as it is signed."""
        return bytes_of(self._commit)

    def metadata(self, key: str) -> Any:
        """The value of a key of the commit's metadata as Python data, or None."""
        value = self._commit.get_child_value(0).lookup_value(key, None)
        return None if value is None else value.unpack()

    def raw_metadata(self, key: str) -> Optional[List[bytes]]:
        """The value of an array of byte strings (``aay``), not unpacked into integers."""
        return byte_strings(self._commit.get_child_value(0).lookup_value(key, None))

    def directory(self, checksum: str) -> Directory:
        """A dirtree, read once."""
        if checksum not in self._cache:
            self._cache[checksum] = self.objects.directory(checksum)
        return self._cache[checksum]

    def find(self, path: str) -> Optional[Node]:
        """What lies at `path` (symlinks are not followed), or None."""
        node: Optional[Node] = self._root
        for part in [p for p in path.split("/") if p]:
            if node is None or not node.is_directory:
                return None
            listing = self.directory(node.checksum)
            if part in listing.directories:
                node = Node(*listing.directories[part])
            else:
                node = Node(listing.files[part]) if part in listing.files else None
        return node

    def list(self, path: str) -> Dict[str, Node]:
        """The names in directory `path`, sorted; empty where there is no such directory."""
        node = self.find(path)
        if node is None or not node.is_directory:
            return {}
        listing = self.directory(node.checksum)
        found = {name: Node(*sums) for name, sums in listing.directories.items()}
        found.update((name, Node(checksum)) for name, checksum in listing.files.items())
        return dict(sorted(found.items()))

    def walk(self, path: str) -> Iterator[Tuple[str, Node]]:
        """Every path below directory `path`, in order, with its node."""
        for name, node in self.list(path).items():
            below = f"{path.rstrip('/')}/{name}"
            yield below, node
            if node.is_directory:
                yield from self.walk(below)

    def open(self, node: Node) -> Tuple[Header, Iterator[bytes]]:
        """Header and content of a file; the content is checked when its iterator has ended."""
        pieces = self.objects.content(node.checksum)
        header = next(pieces, None)
        if not isinstance(header, Header):
            raise BadInput(f"The object {node.checksum}.file is empty.",
                           hint="Fetch the image again.")
        return header, pieces

    def read(self, path: str) -> Optional[bytes]:
        """The content of the regular file at `path`, or None where there is no regular file."""
        node = self.find(path)
        if node is None or node.is_directory:
            return None
        header, data = self.contents(node)
        return data if stat.S_ISREG(header.mode) else None

    def contents(self, node: Node) -> Tuple[Header, bytes]:
        """Header and whole content of a file of at most 64 MiB."""
        header, pieces = self.open(node)
        data = bytearray()
        for piece in pieces:
            data += piece
            if len(data) > READ_LIMIT_BYTES:
                raise BadInput(f"A configuration file of the image has over {READ_LIMIT_BYTES} "
                               "bytes.", hint="Is this the right image?")
        return header, bytes(data)

    def text(self, path: str) -> str:
        """The text at `path`; empty where there is no regular file."""
        return (self.read(path) or b"").decode("utf-8", "surrogateescape")

    def totals(self) -> Totals:
        """Size of the whole tree, by the sizes in the commit, else by one look per object.

        Every dirtree is read and checked, which also finds a repository with missing directories.
        """
        files = directories = directory_bytes = 0
        content: Set[str] = set()
        metadata: Dict[str, int] = {self._root.meta: 1}
        stack = [self._root.checksum]
        while stack:
            checksum = stack.pop()
            listing = self.directory(checksum)
            metadata[checksum] = listing.size_bytes
            metadata.update((meta, 1) for _, meta in listing.directories.values())  # a block each
            files += len(listing.files)
            directories += 1
            directory_bytes += _directory_bytes(listing)
            content.update(listing.files.values())
            stack.extend(tree for tree, _ in listing.directories.values())
        known = parse_sizes(self.raw_metadata("ostree.sizes") or [])
        sizes = self.objects.sizes(sorted(content - known.keys()))
        sizes.update((checksum, known[checksum]) for checksum in content if checksum in known)
        return Totals(files, directories - 1, len(content), sum(sizes.values()), Stored(
            objects=len(content), object_bytes=_whole(sizes.values()),
            metadata=len(metadata), metadata_bytes=_whole(metadata.values()),
            directories=directories, directory_bytes=directory_bytes))


def _whole(sizes: Iterable[int]) -> int:
    """The sum of sizes in whole blocks."""
    return sum(-(-size // BLOCK) for size in sizes) * BLOCK


def _directory_bytes(listing: Directory) -> int:
    """What a directory takes on ext4: 8 bytes and the name, padded to 4, for each entry.

    One that does not fit into a block has an index block and leaves that are three quarters full.
    """
    names = [*listing.files, *listing.directories]
    filled = _DOTS + sum(8 + -(-len(os.fsencode(name)) // 4) * 4 for name in names)
    return BLOCK if filled <= BLOCK else BLOCK + -(-filled * 4 // (3 * BLOCK)) * BLOCK


def parse_sizes(entries: List[bytes]) -> Dict[str, int]:
    """Unpacked size by checksum, from ``ostree.sizes``; malformed entries are left out.

    Each entry is a checksum, the archived and the unpacked size as LEB128, and, since ostree
    2020.1, the object's type.
    """
    found = {}
    for entry in entries:
        numbers, value, shift = [], 0, 0
        for byte in entry[32:]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                numbers.append(value)
                value = shift = 0
        if len(numbers) >= 2:
            found[entry[:32].hex()] = numbers[1]
    return found
