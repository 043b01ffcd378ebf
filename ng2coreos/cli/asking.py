"""`plan --interactive`: asks on a terminal what a plan leaves open, and keeps the answers.

The file is replaced as a whole after every answer: however the asking ends, what was answered
stays. Each round is planned with that file, as `plan --answers` would read it.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Set, Tuple

import click

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import read_regular
from ng2coreos.model.finding import Finding
from ng2coreos.plan.questions import Question, answered, questions
from ng2coreos.report.redact import redact_data
from ng2coreos.report.table import harmless, paragraph

FILE = "answers.yaml"
_HEAD = "# Written by `ng2coreos plan --interactive`; its keys: ng2coreos-answers(5).\n"
_LINES = 40  # of the evidence for one question
_LEAVE, _STOP = "s", "q"


class Answers:
    """The answers file: what it holds, and how it is replaced."""

    def __init__(self, path: Path, start: Mapping[str, Any]) -> None:
        self.path = path
        self.given: Dict[str, Any] = dict(start)
        self._kept = False

    def give(self, question: Question, answer: str) -> None:
        """Add one answer; the file has it when this returns."""
        import yaml
        self.given = answered(self.given, question, answer)
        text = _HEAD + yaml.safe_dump(self.given, default_flow_style=False, allow_unicode=False)
        try:
            self._keep_comments()
            durable.write_file(self.path, text.encode(), mode=0o600)
        except OSError as error:
            raise BadInput(f"The answers cannot be written to {self.path}: {error.strerror}.",
                           hint="Name a file in a directory that exists and has room.") from None

    def _keep_comments(self) -> None:
        """YAML that is written anew has no comments: a file with its own is kept beside, once."""
        if self._kept or not self.path.exists():
            return
        before = read_regular(self.path)
        if any(line.lstrip().startswith(b"#") for line in before.splitlines()) \
                and not before.startswith(_HEAD.encode()):
            durable.write_file(self.path.with_name(f"{self.path.name}~"), before, mode=0o600)
        self._kept = True


def ask_all(answers: Answers, findings: Callable[[], Tuple[Finding, ...]]) -> int:
    """Ask until the plan leaves nothing open, or nothing but what the admin leaves open: so many.

    `findings` makes the plan anew, with the file as it is then.
    """
    left: Set[str] = set()
    while True:
        shown = questions(tuple(map(_shown, findings())), answers.given)
        wanted = [q for q in shown if q.name not in left]
        if not wanted:
            return len(shown)
        usual: Dict[str, str] = {}  # finding -> the answer to all that is left of it
        for number, question in enumerate(wanted, 1):
            answer = usual.get(question.finding.id, "")
            if not answer:
                answer = _ask(question, f"({number} of {len(wanted)})")
                if answer.isupper():
                    answer = answer.lower()
                    usual[question.finding.id] = answer
            if answer == _STOP:
                return len(questions(tuple(map(_shown, findings())), answers.given))
            if answer == _LEAVE:
                left.add(question.name)
            elif question.choices:
                answers.give(question, dict(_letters(question))[answer])
            else:
                reason = click.prompt("Why may it be passed over? The report repeats it", err=True)
                answers.give(question, reason.strip())


def _shown(finding: Finding) -> Finding:
    """As the plan's text shows it: without what looks like a secret."""
    return replace(finding, evidence=tuple(redact_data(list(finding.evidence))))


def _ask(question: Question, count: str) -> str:
    """The letter of the answer; a capital one is for all that is left of this finding."""
    finding, letters = question.finding, _letters(question)
    about = question.key if question.section == "answers" else finding.title
    lines = ["", *paragraph(about, indent=4, first=f"{count} "),
             *paragraph(f"{finding.title} ({finding.id})" if question.section == "answers"
                        else finding.id, indent=4),
             *paragraph(finding.summary, indent=4)]
    seen = [line for text in question.evidence for line in text.split("\n")]
    lines += [f"    {harmless(line)}" for line in seen[:_LINES]]
    if len(seen) > _LINES:
        lines.append(f"    … and {len(seen) - _LINES} lines more: see `ng2coreos plan`.")
    meanings = dict(question.choices)
    lines += [f"  {letter}  {answer:12} {meanings[answer]}" for letter, answer in letters]
    if not question.choices:
        lines.append(f"  o  {'override':12} Go on all the same; you are asked why.")
    lines += [f"  {_LEAVE}  {'leave open':12} Ask again next time.",
              f"  {_STOP}  {'stop':12} Ask nothing more now."]
    known = [letter for letter, _ in letters] or ["o"]
    several = question.section == "answers"
    if several:
        lines.append("  A capital letter answers for all that is left of this kind.")
    click.echo("\n".join(lines), err=True)
    words = [*known, _LEAVE, _STOP]
    if several:
        words += [letter.upper() for letter in (*known, _LEAVE)]
    return str(click.prompt("Answer", type=click.Choice(words), err=True, show_choices=False,
                            default=known[0] if question.choices else _LEAVE))


def _letters(question: Question) -> List[Tuple[str, str]]:
    return [(answer[0], answer) for answer, _ in question.choices]
