"""The journal of a run: what is about to be done and what was done, durable before it is believed.

One JSON object per line, followed by a tab and the CRC-32 of the JSON text in hex.  A line is
fsynced before `append` returns.  A torn or damaged last line (power cut) is ignored; damage
anywhere else is an error, since what follows it cannot be trusted.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import read_regular

Record = Dict[str, Any]


class Journal:
    """An append-only journal in one file; the caller holds the run's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record; when this returns it survives a power cut."""
        text = json.dumps(record, sort_keys=True, separators=(",", ":"))
        line = f"{text}\t{zlib.crc32(text.encode()):08x}\n".encode()
        fresh = not self.path.exists()
        good = 0 if fresh else self._good_length()
        with open(self.path, "ab" if fresh else "r+b") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.truncate(good)
            stream.seek(good)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        if fresh:
            durable.sync_directory(self.path.parent)

    def records(self) -> List[Record]:
        """All records in order, without a torn last line; BadInput if it is damaged inside."""
        return self._parse()[0]

    def _data(self) -> bytes:
        try:
            return read_regular(self.path)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise BadInput(f"The journal {self.path} cannot be read: {error.strerror}.",
                           hint="Look at that file and its disk. `ng2coreos rollback` does without "
                                "the journal where it must.") from None

    def _good_length(self) -> int:
        return self._parse()[1]

    def _parse(self) -> Tuple[List[Record], int]:
        data = self._data()
        found: List[Record] = []
        good = 0
        lines = data.split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            record = _decode(line) if number < len(lines) else None
            if record is None:
                if any(_decode(rest) is not None for rest in lines[number:]):
                    raise BadInput(
                        f"The journal {self.path} is damaged in line {number}.",
                        hint="Do not edit it. Run `ng2coreos rollback`: it also finds what is ours "
                             "by tag.")
                break
            found.append(record)
            good += len(line) + 1
        return found, good


def _decode(line: bytes) -> Optional[Record]:
    text, tab, crc = line.rpartition(b"\t")
    if not tab or crc != b"%08x" % zlib.crc32(text):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
