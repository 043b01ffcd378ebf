"""Evaluates GRUB's configuration as GRUB does, up to the kernel that would be started.

The script language as far as grub.cfg of an NG host and ours go: another command or test is an
error, never a guess.  Files come from a reader, so the same evaluation serves a mounted /boot, a
partition's image read by GRUB's own code, and a dictionary in a test.
"""

import re
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ng2coreos.stage.grubenv import Block

from .grubparse import Entry, GrubError, If, Node, WithBody, parse, snippet, version

Read = Callable[[str], Optional[bytes]]  # the file at a path of the boot partition, None if absent
ListNames = Callable[[str], List[str]]  # the names in a directory, none if it is absent

_DEVICE = "(boot)"
_PREFIX = f"{_DEVICE}/grub2"
_IGNORED = ("insmod", "serial", "terminal_input", "terminal_output", "echo", "export",
            "savedefault")
_PART = re.compile(r"""'([^']*)'|"((?:\\.|[^"\\])*)"|\$\{(\w+)\}|\$(\w+)|\\(.)|([^'"$\\]+|\$)""",
                   re.DOTALL)
_INNER = re.compile(r'\$\{(\w+)\}|\$(\w+)|\\(["$\\])|(.)', re.DOTALL)


@dataclass
class Loaded:
    """What is started: paths on the boot partition, the arguments, and how GRUB came to it."""

    linux: str = ""
    options: str = ""
    initrds: List[str] = field(default_factory=list)
    trail: List[str] = field(default_factory=list)
    saved: Dict[str, bytes] = field(default_factory=dict)  # files that GRUB has written on the way


def boot(read: Read, names: ListNames) -> Loaded:
    """The kernel that GRUB starts, if nobody touches a key; GrubError if it starts none."""
    loaded = Loaded()
    menu = _Menu(read, names, {"prefix": _PREFIX, "root": "boot"}, loaded)
    menu.run(f"{_PREFIX}/grub.cfg")
    if not menu.booted:
        raise GrubError(f"GRUB stays at its prompt: {loaded.trail}")
    return loaded


def offered(read: Read, names: ListNames) -> List[str]:
    """What GRUB's menu offers, as ids (titles where there is none), in its order."""
    menu = _Menu(read, names, {"prefix": _PREFIX, "root": "boot"}, Loaded())
    menu.show(f"{_PREFIX}/grub.cfg")
    return [entry.id or entry.title for entry in menu.entries]


class _Menu:
    """One configuration file with its menu; a nested one has its own variables."""

    def __init__(self, read: Read, names: ListNames, variables: Dict[str, str],
                 loaded: Loaded) -> None:
        self.files, self.names = read, names
        self.loaded = loaded
        self.variables = {"feature_menuentry_id": "y", "feature_timeout_style": "y",
                          "grub_platform": "pc", **variables}
        self.entries: List[Entry] = []
        self.booted = False

    def run(self, config: str) -> None:
        """Read the file, then start its default entry, or the one it falls back to.

        With nothing in the menu nothing happens; where nothing boots, GRUB stays in the menu.
        """
        self.show(config)
        if not self.entries:
            self.loaded.trail.append(f"{config} leads to no menu")
            return
        fallback = self.variables.get("fallback", "").split()
        for chosen in [self._default(), *fallback]:
            index = int(chosen)
            if index >= len(self.entries):
                continue
            entry = self.entries[index]
            self.loaded.trail.append(entry.id or entry.title)
            self.variables["chosen"] = entry.title
            self.loaded.linux, self.loaded.initrds = "", []
            done = self.execute(entry.body)
            if self.booted or (done and self.loaded.linux):
                self.booted = True
                return
        raise GrubError(f"no entry boots, tried {self.loaded.trail}")

    def show(self, config: str) -> None:
        """Read the file: the menu is there, and nothing chosen."""
        self.variables["config_directory"] = config.rpartition("/")[0]
        self.source(config)

    def source(self, path: str) -> bool:
        """Run the commands of a file."""
        data = self.read(path)
        if data is None:
            return False
        try:
            nodes = parse(data.decode("utf-8", "surrogateescape"))
        except GrubError as error:
            self.loaded.trail.append(f"{path} is refused: {error}")
            return False
        return self.execute(nodes)

    def read(self, path: str) -> Optional[bytes]:
        """A file as it is by now: GRUB may have written it itself."""
        path = _on_boot(path)
        return self.loaded.saved.get(path) or self.files(path)

    def execute(self, nodes: Sequence[Node]) -> bool:
        """Run commands; whether the last one succeeded.  Booting ends everything."""
        result = True
        for node in nodes:
            if self.booted:
                break
            if isinstance(node, If):
                result = True
                for condition, body in node.branches:
                    if not condition or self.execute(condition):
                        result = self.execute(body)
                        break
            elif isinstance(node, WithBody):
                words = self.words(node.words)
                if words[0] == "menuentry":
                    self.entries.append(_entry(words, node.body))
                result = True
            else:
                result = self.command(self.words(node.words), node.words)
        return result

    def words(self, raw: Sequence[str]) -> List[str]:
        """Words with their variables in place; one that is empty without quotes goes."""
        found = [(word, self.expand(word)) for word in raw]
        return [text for word, text in found if text or "'" in word or '"' in word]

    def expand(self, raw: str) -> str:
        """One word."""
        text = ""
        for literal, quoted, braced, plain, escaped, other in _PART.findall(raw):
            if quoted:
                for inner in _INNER.findall(quoted):
                    name = inner[0] or inner[1]
                    text += self.variables.get(name, "") if name else inner[2] + inner[3]
            elif braced or plain:
                text += self.variables.get(braced or plain, "")
            else:
                text += literal + escaped + other
        return text

    def command(self, words: List[str], raw: List[str]) -> bool:
        """One command; whether it succeeded."""
        if not words:
            return True
        name, rest = words[0], words[1:]
        if "=" in name and re.match(r"\w+=", raw[0]):
            return self.assign(name)
        if name in _IGNORED:
            return True
        method = getattr(self, f"do_{_METHODS.get(name, name)}", None)
        if method is None:
            raise GrubError(f"the command {name!r} is not known here")
        result: bool = method(rest)
        return result

    def assign(self, pair: str) -> bool:
        """name=value."""
        key, _, value = pair.partition("=")
        self.variables[key] = value
        return True

    def do_set(self, rest: List[str]) -> bool:
        """set name=value."""
        return self.assign(rest[0])

    def do_unset(self, rest: List[str]) -> bool:
        """unset name."""
        for name in rest:
            self.variables.pop(name, None)
        return True

    def do_true(self, rest: List[str]) -> bool:
        """true."""
        return True

    def do_test(self, rest: List[str]) -> bool:
        """test, or [ with its ]."""
        words = rest[:-1] if rest and rest[-1] == "]" else rest
        if "-a" in words:
            at = words.index("-a")
            return self.do_test(words[:at]) and self.do_test(words[at + 1:])
        if len(words) == 1:
            return bool(words[0])
        if len(words) == 2:
            return self.unary(words[0], words[1])
        if len(words) == 3 and words[1] in ("=", "==", "!="):
            return (words[0] == words[2]) is (words[1] != "!=")
        if not words:
            return False
        raise GrubError(f"the test {words} is not known here")

    def unary(self, operator: str, operand: str) -> bool:
        """-z, -n of a text; -f, -s of a file."""
        if operator in ("-z", "-n"):
            return bool(operand) is (operator == "-n")
        if operator in ("-f", "-s"):
            data = self.read(operand)
            return data is not None and (operator == "-f" or bool(data))
        raise GrubError(f"the test {operator} is not known here")

    def do_search(self, rest: List[str]) -> bool:
        """search by UUID: there is one file system."""
        for word in rest:
            if word.startswith("--set="):
                self.variables[word[len("--set="):]] = "boot"
        return True

    def do_load_env(self, rest: List[str]) -> bool:
        """load_env [-f FILE] [NAME...]."""
        path, wanted = self.environment(rest)
        data = self.read(path)
        if data is None:
            return False
        for key, value in Block.parse(data, path).variables().items():
            if not wanted or key in wanted:
                self.variables[key] = value
        return True

    def do_save_env(self, rest: List[str]) -> bool:
        """save_env [-f FILE] NAME...: an unset variable is taken out."""
        path, wanted = self.environment(rest)
        data = self.read(path)
        if data is None:
            return False
        block = Block.parse(data, path)
        for key in wanted:
            if key in self.variables:
                block.set(key, self.variables[key])
            else:
                block.unset(key)
        self.loaded.saved[_on_boot(path)] = block.format()
        return True

    def environment(self, rest: List[str]) -> Tuple[str, List[str]]:
        """The file and the names that load_env and save_env are given."""
        if rest[:1] == ["-f"]:
            return rest[1], rest[2:]
        return f"{self.variables['prefix']}/grubenv", rest

    def do_source(self, rest: List[str]) -> bool:
        """source FILE."""
        return self.source(rest[0])

    def do_configfile(self, rest: List[str]) -> bool:
        """configfile FILE: a menu of its own; back here when nothing in it boots."""
        keep = {k: self.variables[k] for k in ("prefix", "root")}
        nested = _Menu(self.files, self.names, keep, self.loaded)
        nested.run(rest[0])
        self.booted = nested.booted
        return self.booted

    def do_blscfg(self, rest: List[str]) -> bool:
        """The entries of boot loader snippets, the newest first."""
        where = rest[1] if rest[:1] == ["--path"] else "/loader/entries"
        found = [snippet(name[:-len(".conf")], self.read(f"{where}/{name}") or b"")
                 for name in self.names(where) if name.endswith(".conf")]
        self.entries += sorted((entry for entry in found if entry is not None),
                               key=lambda e: version(e.id), reverse=True)
        return True

    def do_linux(self, rest: List[str]) -> bool:
        """linux FILE ARGUMENTS: fails where the file is not there, or is no kernel."""
        data = self.read(rest[0])
        if data is None or data[0x202:0x206] != b"HdrS":
            return False
        self.loaded.linux, self.loaded.options = _on_boot(rest[0]), " ".join(rest[1:])
        return True

    def do_initrd(self, rest: List[str]) -> bool:
        """initrd FILES: fails where one is not there, or no kernel was loaded."""
        if not self.loaded.linux or any(self.read(path) is None for path in rest):
            return False
        self.loaded.initrds = [_on_boot(path) for path in rest]
        return True

    def _default(self) -> str:
        """The number of the default entry: by number, title or id; the first if there is none."""
        wanted = self.variables.get("default", "")
        for number, entry in enumerate(self.entries):
            if wanted in (entry.title, entry.id, str(number)):
                return str(number)
        return "0"


_METHODS = {"[": "test", ".": "source"}


def _on_boot(path: str) -> str:
    return "/" + re.sub(r"^\(boot\)", "", path).lstrip("/")


def _entry(words: Sequence[str], body: List[Node]) -> Entry:
    key = words[words.index("--id") + 1] if "--id" in words else ""
    return Entry(words[1], key, body)
