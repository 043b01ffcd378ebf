"""Progress on a terminal by tqdm; plain lines where standard error is not one."""

import logging
import os
import re
import sys
from contextlib import contextmanager
from functools import partial
from typing import Iterator, Optional

import click

from ng2coreos.core.progress import Advance, JsonProgress, Progress

LOG = logging.getLogger("ng2coreos")


class TerminalProgress(Progress):
    """One bar for each task that counts, one line for each note, on standard error."""

    @contextmanager
    def task(self, name: str, text: str, total: Optional[int] = None,
             unit: str = "B") -> Iterator[Advance]:
        """See Progress.task."""
        from tqdm import tqdm
        del name
        with tqdm(total=total, desc=text, unit=unit, unit_scale=True, leave=False,
                  file=sys.stderr) as bar:
            def advance(amount: int) -> None:
                bar.update(amount)

            yield advance

    def note(self, text: str) -> None:
        """See Progress.note."""
        from tqdm import tqdm
        tqdm.write(f"  {text}", file=sys.stderr)


class LogProgress(Progress):
    """Notes as log lines; no bars."""

    def note(self, text: str) -> None:
        """See Progress.note."""
        LOG.info("%s", text)


def refuse_without_terminal() -> None:
    """UsageError unless somebody can be asked."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("--interactive asks on a terminal, and there is none. Without one, "
                               "give the answers in a file: --answers FILE.")


def say(text: str) -> None:
    """Print the last line of what was done; that nobody reads it any more changes nothing."""
    try:
        click.echo(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for Python's own flush


_MARKS = (
    (re.compile(r"^(READY(?=:)|VERIFIED|CONFIRMED|Host: (?:staged|migrated))\b",
                re.MULTILINE), "green"),
    (re.compile(r"^(BLOCKED|FAILED|Host: inconsistent)\b|\[(?:INHIBITOR|OVERRIDABLE)\]",
                re.MULTILINE), "red"),
    (re.compile(r"^([A-Z-]{4,}|Host: (?:prepared|rolled-back))(?=:| \()|\[warning\]",
                re.MULTILINE), "yellow"),
    (re.compile(r"^(What you should know and do|Next|Why the new system was given up)(?=:)",
                re.MULTILINE), "bold"))


def _styled(color: Optional[str], found: "re.Match[str]") -> str:
    return click.style(found.group(0), fg=color, bold=True)


def painted(text: str) -> str:
    """A report's text with colours; click takes them out again where they are not wanted."""
    for pattern, color in _MARKS:
        shade = None if color == "bold" else color
        text = pattern.sub(partial(_styled, shade), text)
    return text


def listener(progress_fd: Optional[int], quiet: bool) -> Progress:
    """The listener for this call: JSON Lines on a file descriptor, bars, log lines or nothing."""
    if progress_fd is not None:
        try:
            return JsonProgress(open(progress_fd, "w", encoding="utf-8", closefd=False))
        except (OSError, ValueError) as error:
            raise click.UsageError(f"--progress-fd {progress_fd}: {error}.") from None
    if quiet:
        return Progress()
    return TerminalProgress() if sys.stderr.isatty() else LogProgress()
