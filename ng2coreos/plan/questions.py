"""What a plan leaves to the admin: each open question with the answers that there are to it.

Pure: findings and the answers file so far go in. A question is open until the file answers it, even
where a default decides meanwhile; an answer that did not settle it (a merge that clashes) opens it
again. What nobody can answer (inhibitors) is no question.
"""

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ng2coreos.model.finding import Finding, Kind

_KEEP = ("keep-ng", "NG's is carried.")
_TAKE = ("take-target", "The new image's is taken; NG's is left behind.")
_MERGE = ("merge", "Both changes are put together, where they do not clash.")
_GONE = ("keep-ng", "It stays deleted.")
_BACK = ("take-target", "It comes back, as the new image has it.")
_CARRY = ("carry", "They are carried as they are.")
_DROP = ("drop", "They are left behind.")
# Finding about paths -> the answers to each; the first is what happens without one
_OF_PATHS: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "N2C_ETC_CONFLICT": (_KEEP, _TAKE, _MERGE),
    "N2C_ETC_MERGE_UNCLEAN": (_KEEP, _TAKE),
    "N2C_ETC_TYPE": (_TAKE, _KEEP),
    "N2C_ETC_DELETED": (_BACK, _GONE)}
_OF_POLICY = {"N2C_ETC_UNKNOWN_CARRIED": ("unknown_etc", (_CARRY, _DROP))}
_FILE = "file:"


@dataclass(frozen=True)
class Question:
    """One thing to decide. Without `choices` the answer is a reason, in words."""

    section: str  # of the answers file: answers | overrides, empty for a key of its own
    key: str
    finding: Finding
    choices: Tuple[Tuple[str, str], ...] = ()  # answer -> what it means; the first is the default
    evidence: Tuple[str, ...] = ()  # what the finding says of this one

    @property
    def name(self) -> str:
        """The same for the same question of the next plan."""
        return f"{self.section}.{self.key}"


def questions(findings: Sequence[Finding], given: Mapping[str, Any]) -> Tuple[Question, ...]:
    """The open ones, in the order of the findings. `given` is what the answers file holds."""
    found: List[Question] = []
    for finding in findings:
        if finding.id in given.get("overrides", {}):
            continue
        if finding.id in _OF_PATHS:
            found += _about_paths(finding, given.get("answers", {}))
        elif finding.id in _OF_POLICY:
            key, choices = _OF_POLICY[finding.id]
            if key not in given:
                found.append(Question("", key, finding, choices, finding.evidence))
        elif finding.kind is Kind.OVERRIDABLE:
            found.append(Question("overrides", finding.id, finding, (), finding.evidence))
    return tuple(found)


def answered(given: Mapping[str, Any], question: Question, answer: str) -> Dict[str, Any]:
    """What the answers file holds with `answer`."""
    if not question.section:
        return {**given, question.key: answer}
    return {**given, question.section: {**given.get(question.section, {}), question.key: answer}}


def _about_paths(finding: Finding, answers: Mapping[str, str]) -> List[Question]:
    choices = _OF_PATHS[finding.id]
    possible = [answer for answer, _ in choices]
    found = []
    for path in (r[len(_FILE):] for r in finding.resources if r.startswith(_FILE)):
        above = [path]
        if finding.id == "N2C_ETC_DELETED":  # the answer for a directory holds below it
            parts = path.split("/")
            above += ["/".join(parts[:n]) for n in range(2, len(parts))]
        if not any(answers.get(place) in possible for place in above):
            seen = tuple(e for e in finding.evidence if e.startswith((f"{path}:", f"{path} ")))
            found.append(Question("answers", path, finding, choices, seen))
    return found
