"""A host whose programs are a script: what is not scripted is refused, what is unused is reported.

    def test_it(fake_host):
        fake_host.on("lvs", ..., stdout=text)
        assert read(fake_host) == wanted

`fake_host` is the fixture of tests/conftest.py: an empty directory as root, checked after the
test.  Elsewhere `with FakeHost(root) as host:` checks at the end of the block.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Type, Union

from ng2coreos.core.command import Completed, Input
from ng2coreos.core.errors import Unsupported
from ng2coreos.core.host import Host


class AnyWord:
    """Equal to any one word of a command line."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "ANY"


ANY: Any = AnyWord()
MANY = -1  # `times`: at least once

Output = Union[str, Callable[[Tuple[str, ...], Optional[bytes]], str]]


@dataclass(frozen=True)
class Call:
    """A command that was run, with its standard input."""

    argv: Tuple[str, ...]
    data: Optional[bytes]


@dataclass
class Reply:
    """One scripted command: how it is recognised, what it answers, how often it must be run."""

    words: Tuple[Any, ...]
    stdout: Output
    stderr: str
    returncode: int
    raises: Optional[BaseException]
    times: int
    used: int = 0

    def matches(self, argv: Tuple[str, ...]) -> bool:
        """Does `argv` fit? A last word ``...`` stands for any further words."""
        if self.words and self.words[-1] is ...:
            head = self.words[:-1]
            return len(argv) >= len(head) and all(w == a for w, a in zip(head, argv))
        return len(argv) == len(self.words) and all(w == a for w, a in zip(self.words, argv))

    @property
    def open(self) -> bool:
        """May it be run once more?"""
        return self.times == MANY or self.used < self.times

    @property
    def missing(self) -> int:
        """How many runs it still waits for."""
        return max(0, (1 if self.times == MANY else self.times) - self.used)

    def answer(self, argv: Tuple[str, ...], data: Optional[bytes]) -> Completed:
        """The scripted result."""
        self.used += 1
        if self.raises is not None:
            raise self.raises
        text = self.stdout(argv, data) if callable(self.stdout) else self.stdout
        return Completed(argv, self.returncode, text, self.stderr, 0.0)


class FakeHost(Host, AbstractContextManager):  # type: ignore[type-arg]
    """A Host that runs nothing: commands get the scripted answers, files lie below `root`.

    A command that is not scripted is an AssertionError, at once and again in `check()`, so that
    code which swallows it fails all the same.
    """

    def __init__(self, root: Union[str, Path] = "/nonexistent") -> None:
        super().__init__(str(root), self._answer)
        self.calls: List[Call] = []
        self._replies: List[Reply] = []
        self._refused: List[Tuple[str, ...]] = []

    def on(self, *words: Any, stdout: Output = "", stderr: str = "", rc: int = 0, times: int = 1,
           raises: Optional[BaseException] = None, missing: bool = False) -> "FakeHost":
        """Script a command that must be run `times` times (MANY: at least once).

        Words are compared one by one; `ANY` fits any word and a last ``...`` all further words.
        `stdout` may be a function of argv and standard input (say, one that changes the tree).
        `missing` stands for a program that is not installed.  Earlier lines win over later ones.
        """
        if missing:
            raises = Unsupported(f"The program {words[0]} is missing.", hint="Install it.")
        self._replies.append(Reply(words, stdout, stderr, rc, raises, times))
        return self

    def write(self, path: str, content: Union[str, bytes] = "", *, mode: int = 0o644) -> Path:
        """Put a file below the root, its directories included."""
        real = self.path(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_bytes(content if isinstance(content, bytes)
                         else content.encode("utf-8", "surrogateescape"))
        real.chmod(mode)
        return real

    def write_all(self, files: Mapping[str, Union[str, bytes]]) -> None:
        """Put several files below the root."""
        for path, content in files.items():
            self.write(path, content)

    def link(self, path: str, target: str) -> Path:
        """Put a symlink below the root."""
        real = self.path(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.symlink_to(target)
        return real

    @property
    def commands(self) -> List[Tuple[str, ...]]:
        """Every command that was run, in order."""
        return [call.argv for call in self.calls]

    def check(self) -> None:
        """AssertionError if a command was refused, or a scripted one was not run (often enough)."""
        assert not self._refused, f"commands that no test scripted: {self._refused}"
        left = [reply.words for reply in self._replies if reply.missing]
        assert not left, f"scripted commands that were not run: {left}"

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        if kind is None:
            self.check()

    def _answer(self, argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        words = tuple(argv)
        given = data.encode() if isinstance(data, str) else data
        self.calls.append(Call(words, given))
        for reply in self._replies:
            if reply.open and reply.matches(words):
                return reply.answer(words, given)
        self._refused.append(words)
        raise AssertionError(f"not scripted: {' '.join(words)}")


def snapshot(root: Union[str, Path]) -> Dict[str, Tuple[Any, ...]]:
    """What lies below `root` (mode, owner, size, mtime, link), to prove that nothing changed."""
    found = {}
    top = Path(root)
    for path in [top, *sorted(top.rglob("*"))]:
        st = path.lstat()
        link = str(path.readlink()) if path.is_symlink() else ""
        found[str(path.relative_to(top))] = (st.st_mode, st.st_uid, st.st_gid, st.st_size,
                                             st.st_mtime_ns, link)
    return found
