"""Probe of sshd: what it would do, by its own word (`sshd -T`), not by one of its files."""

from typing import Dict, FrozenSet, Iterable, Set

from ng2coreos.firstboot.probe import Look, Params, Seen
from ng2coreos.model.sshd import EFFECTIVE, readable


def settings(look: Look, params: Params) -> Seen:
    """sshd-settings{settings}: these lines of NG's `sshd -T` are the new system's too."""
    wanted = _by_keyword(params.texts("settings"))
    if not wanted:
        raise ValueError("the check names no settings")
    there = _by_keyword(readable(look.run(*EFFECTIVE).stdout))
    wrong = [f"{keyword} is {_words(there[keyword])}, was {_words(words)} on NG"
             for keyword, words in sorted(wanted.items()) if there.get(keyword, words) != words]
    return Seen(not wrong, "; ".join(wrong))


def _by_keyword(lines: Iterable[str]) -> Dict[str, FrozenSet[str]]:
    """Keyword to words; one that may be given again has the words of all its lines."""
    found: Dict[str, Set[str]] = {}
    for line in lines:
        keyword, *words = line.split()
        found.setdefault(keyword, set()).update(words)
    return {keyword: frozenset(words) for keyword, words in found.items()}


def _words(words: FrozenSet[str]) -> str:
    return " ".join(sorted(words)) or "empty"
