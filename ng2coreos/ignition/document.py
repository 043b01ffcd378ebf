"""A config as JSON, written piece by piece: one entry a line, contents never held as a whole."""

import json
from dataclasses import dataclass
from typing import Any, Callable, Dict, FrozenSet, Iterable, Iterator, List, Optional, Tuple

from ng2coreos.ignition import spec2, spec3
from ng2coreos.ignition.config import Config
from ng2coreos.ignition.contents import Contents, encoded
from ng2coreos.ignition.limits import Fitted
from ng2coreos.ignition.spec import Renderer
from ng2coreos.ignition.spec2 import Spec2
from ng2coreos.ignition.spec3 import Spec3
from ng2coreos.model.ignition import Spec, spec_text

_Entry = Tuple[Dict[str, Any], Optional[Contents]]


@dataclass(frozen=True)
class Document:
    """A config in its spec version. Iterate over it for its bytes, as often as you like.

    The same config gives the same bytes.  They hold secrets; `notes` name what the version could
    not say and where it went.
    """

    spec: Spec
    notes: Tuple[str, ...]
    replaced: FrozenSet[str]  # where a directory takes the place of what is no directory
    _parts: Callable[[], Iterator[bytes]]

    def __iter__(self) -> Iterator[bytes]:
        return self._parts()


def document(fitted: Fitted) -> Document:
    """The document of a config that was made to fit its version."""
    replaced = frozenset(d.path for d in fitted.config.directories if d.replaces)
    return Document(fitted.spec, fitted.notes, replaced,
                    lambda: _parts(fitted.config, fitted.spec))


def _parts(config: Config, spec: Spec) -> Iterator[bytes]:
    renderer: Renderer = (Spec2 if spec[0] == spec2.BASE[0] else Spec3)(config, spec)
    version = json.dumps({"version": spec_text(spec)})
    yield f'{{\n"ignition": {version}'.encode()
    if config.kernel_arguments:
        words = json.dumps({"shouldExist": list(config.kernel_arguments)})
        yield f',\n"kernelArguments": {words}'.encode()
    may_pack = spec >= spec3.PACKED
    for section, lists in (("storage", _storage(renderer)), ("passwd", _passwd(renderer))):
        opened = False
        for name, count, entries in lists:
            if not count:
                continue
            yield (f',\n"{section}": {{\n' if not opened else ",\n").encode()
            opened = True
            yield f'"{name}": [\n'.encode()
            yield from _entries(entries, may_pack)
            yield b"\n]"
        if opened:
            yield b"\n}"
    yield b"\n}\n"


def _storage(renderer: Renderer) -> List[Tuple[str, int, Iterable[_Entry]]]:
    config = renderer.config
    return [
        ("filesystems", len(config.filesystems), ((f, None) for f in renderer.filesystems())),
        ("directories", len(config.directories),
         ((renderer.directory(d), None) for d in config.directories)),
        ("files", len(config.files), ((renderer.file(f), f.contents) for f in config.files)),
        ("links", len(config.links), ((renderer.link(link), None) for link in config.links))]


def _passwd(renderer: Renderer) -> List[Tuple[str, int, Iterable[_Entry]]]:
    config = renderer.config
    return [("groups", len(config.groups), ((renderer.group(g), None) for g in config.groups)),
            ("users", len(config.users), ((renderer.user(u), None) for u in config.users))]


def _entries(entries: Iterable[_Entry], may_pack: bool) -> Iterator[bytes]:
    separator = ""
    for data, contents in entries:
        text = json.dumps(data)
        if contents is None:
            yield (separator + text).encode()
        else:
            packed, url = encoded(contents, may_pack)
            compression = '"compression": "gzip", ' if packed else ""
            # a URL of ours has nothing that JSON would escape
            yield f'{separator}{text[:-1]}, "contents": {{{compression}"source": "'.encode()
            yield from url
            yield b'"}}'
        separator = ",\n"
