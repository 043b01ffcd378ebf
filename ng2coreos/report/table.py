"""Plain text tables and paragraphs for terminals, the same text for the same data."""

import textwrap
from typing import Iterable, List, Sequence

WIDTH = 100


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, indent: int = 2) -> List[str]:
    """Aligned columns below a header; the last column is as long as it is. Nothing without rows."""
    body = [[_line(cell) for cell in row] for row in rows]
    if not body:
        return []
    every = [list(header), *body]
    widths = [max(len(row[n]) for row in every) for n in range(len(header) - 1)]
    lines = ("  ".join([*(c.ljust(w) for c, w in zip(row, widths)), row[-1]]) for row in every)
    return [(" " * indent + line).rstrip() for line in lines]


def paragraph(text: str, *, indent: int = 0, first: str = "") -> List[str]:
    """`text` wrapped; the first line starts with `first` in place of blanks."""
    blank = " " * indent
    return textwrap.wrap(_line(text), WIDTH, initial_indent=first or blank,
                         subsequent_indent=blank, break_long_words=False, break_on_hyphens=False)


def human(count: int) -> str:
    """`count` bytes for a reader: ``3.2 GiB``."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def duration(seconds: float) -> str:
    """`seconds` for a reader: ``45 s``, ``12 min``, ``4 h 30 min``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def off(predicted: float, measured: float) -> str:
    """By how much a prediction was wrong, in percent of what was measured."""
    return f"{100 * (predicted - measured) / measured:+.1f} %" if measured else ""


def harmless(text: str) -> str:
    """`text` without what a terminal would act on, line feeds included."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " for c in text)


def _line(text: str) -> str:
    return harmless(text).strip()
