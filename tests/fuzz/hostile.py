"""What a file, a text or a program's output may be instead of what it should be."""

import os
import stat
from pathlib import Path
from typing import Callable, Dict

HUGE_BYTES = 300 << 20  # sparse: it takes no room, but a reader that reads it whole does

Make = Callable[[Path, bytes], None]


def _put(data: Callable[[bytes], bytes]) -> Make:
    def make(path: Path, good: bytes) -> None:
        path.write_bytes(data(good))
    return make


def _huge(path: Path, good: bytes) -> None:
    path.write_bytes(good)
    os.truncate(str(path), HUGE_BYTES)


def _loop(path: Path, good: bytes) -> None:
    path.symlink_to(path.name)


def _long_loop(path: Path, good: bytes) -> None:
    other = path.with_name(path.name + "-other")
    if not other.is_symlink():
        other.symlink_to(path.name)
    path.symlink_to(other.name)


def _device(path: Path, good: bytes) -> None:
    os.mknod(str(path), stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero: never ends


def _fifo(path: Path, good: bytes) -> None:
    os.mkfifo(str(path))


TEXTS: Dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda good: b"",
    "half": lambda good: good[:len(good) // 2],
    "last byte gone": lambda good: good[:-1],
    "twice": lambda good: good + good,
    "binary": lambda good: bytes(range(256)) * 8,
    "zeros": lambda good: bytes(4096),
    "not UTF-8": lambda good: good.replace(b"e", b"\xe9\xff") or b"\xff",
    "UTF-16": lambda good: good.decode("utf-8", "replace").encode("utf-16"),
    "carriage returns": lambda good: good.replace(b"\n", b"\r\n"),
    "one long line": lambda good: good.replace(b"\n", b" ") * 50,
    "deep": lambda good: b"[" * 200_000,
    "deep objects": lambda good: b'{"a":' * 100_000,
    "null": lambda good: b"null",
    "a number": lambda good: b"17",
    "a huge number": lambda good: b"9" * 6000,
    "not a number": lambda good: b"NaN",
    "a list": lambda good: b"[]",
    "an object": lambda good: b"{}",
    "wrong types": lambda good: b'{"schema": [], "records": {"a": null}, "event": 1}',
    "localised": lambda good: "Fehler: Gerät nicht gefunden – 設備が見つかりません\n".encode(),
}

FILES: Dict[str, Make] = {
    **{name: _put(data) for name, data in TEXTS.items()},
    "huge": _huge,
    "a directory": lambda path, good: path.mkdir(),
    "a fifo": _fifo,
    "a device": _device,
    "a link to itself": _loop,
    "links in a circle": _long_loop,
    "a link to nowhere": lambda path, good: path.symlink_to("nowhere-at-all"),
    "a link out": lambda path, good: path.symlink_to("../../../../../../../../dev/zero"),
    "a socket's name": lambda path, good: os.mknod(str(path), stat.S_IFSOCK | 0o600),
}

SMALL = ("empty", "binary", "not UTF-8", "one long line", "localised", "half", "huge",
         "a directory", "a fifo", "a device", "a link to itself", "a link to nowhere", "a link out")

REPORTS: Dict[str, str] = {
    "nothing": "", "a blank": "\n", "words": "command not found", "localised": "Keine Ausgabe – …",
    "half": '{"report": [{"lv": [{"lv_name": "ro', "null": "null", "a list": "[]", "a text": '"x"',
    "no report": "{}", "report null": '{"report": null}', "report empty": '{"report": []}',
    "report of text": '{"report": ["x"]}', "rows null": '{"report": [{"lv": null, "vg": null}]}',
    "rows of text": '{"report": [{"lv": ["x"], "vg": ["x"], "pv": ["x"]}]}',
    "rows empty": '{"report": [{"lv": [{}], "vg": [{}], "pv": [{}]}]}',
    "types": '{"report": [{"lv": [{"lv_name": [], "lv_size": {}, "data_percent": true}], '
             '"vg": [{"vg_name": 1, "vg_size": [], "vg_tags": 7}]}]}',
    "deep": "[" * 200_000, "not a number": '{"report": [{"lv": [{"lv_name": "a", "lv_tags": "", '
    '"lv_size": "NaN", "pool_lv": "", "origin": "", "lv_active": "", "data_percent": "inf", '
    '"metadata_percent": "-1"}]}]}',
    "cyclic": '{"report": [{"vg": [{"vg_name": "onn", "vg_tags": "imgbased:vg", "vg_size": "1", '
              '"vg_free": "1", "vg_extent_size": "1", "vg_uuid": "u"}], "lv": [{"lv_name": "a", '
              '"origin": "b", "pool_lv": "b", "lv_tags": "ng2coreos", "lv_size": "1", '
              '"lv_active": "", "data_percent": "1", "metadata_percent": "1"}, {"lv_name": "b", '
              '"origin": "a", "pool_lv": "a", "lv_tags": "ng2coreos", "lv_size": "1", '
              '"lv_active": "", "data_percent": "1", "metadata_percent": "1"}]}]}',
    "binary": "".join(map(chr, range(256))), "surrogates": "\udcff\udcfe\n" * 9,
    "long": "x" * 5_000_000}


def replace_file(path: Path, kind: str) -> None:
    """Put what `kind` says in the place of the file at `path`."""
    good = path.read_bytes() if path.is_file() else b""
    remove(path)
    FILES[kind](path, good)


def remove(path: Path) -> None:
    """Take away whatever is at `path`."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif os.path.lexists(str(path)):
        path.unlink()
