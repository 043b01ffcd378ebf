"""The options that several commands share."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple, TypeVar

import click

from ng2coreos.cli.completing import OVERRIDE, REF
from ng2coreos.cli.nearest import existing, meant, meant_path
from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import read_regular

if TYPE_CHECKING:
    from ng2coreos.model.plan import Policy
    from ng2coreos.model.target import TargetSource

F = TypeVar("F", bound=Callable[..., Any])


def target_options(command: F) -> F:
    """--target, --ref, --key, --insecure and the policy options."""
    for option in reversed((
            click.option("--target", default="", type=click.Path(), metavar="REPO|TAR|URL",
                         help="The image: a local ostree repo, an ostree-commit.tar, or an http(s) "
                              "remote."),
            click.option("--ref", default="", type=REF, metavar="REF",
                         help="Branch or commit in it; not needed where a repo or tar has only "
                              "one branch."),
            click.option("--key", default="", type=click.Path(dir_okay=False), metavar="FILE",
                         help="GPG public key that the commit must be signed with. Default: the "
                              "keys that ostree on this host trusts."),
            click.option("--insecure", is_flag=True,
                         help="Do not check the commit's signature. The plan says so loudly."),
            click.option("--trial-boots", type=click.IntRange(1, 2), default=None,
                         help="Trial boots before confirm; 1 skips the one that proves the "
                              "permanent boot path. Default: 2."),
            click.option("--confirm", type=click.Choice(["auto", "manual"]), default=None,
                         help="Who makes a healthy system the default: the last trial itself, or "
                              "you. Default: auto."),
            click.option("--answers", type=click.Path(dir_okay=False), default=None, metavar="FILE",
                         help="YAML file with policy and answers per path: ng2coreos-answers(5). "
                              "Options win over it."),
            click.option("--override", multiple=True, type=OVERRIDE, metavar="ID=REASON",
                         help="Accept an overridable finding by its id, and say why: the report "
                              "repeats it. Again for more."))):
        command = option(command)
    return command


def source_of(target: str, ref: str, key: str, insecure: bool) -> "TargetSource":
    """The target source that the options describe; BadInput when there is nothing like it."""
    from ng2coreos.model.target import TargetSource
    if not target:
        raise click.UsageError("Give the image with --target.")
    if target.startswith(("http://", "https://")):
        kind = "url"
    elif Path(target).is_dir():
        kind, target = "repo", str(Path(target).resolve())
    elif Path(target).is_file():
        kind, target = "tar", str(Path(target).resolve())
    else:
        raise BadInput(f"There is no image at {target}.",
                       hint=meant_path(target) or "Give an ostree repo directory, an "
                            "ostree-commit.tar or an http URL.")
    if key and not Path(key).is_file():
        raise BadInput(f"There is no key file {key}.",
                       hint=meant_path(key) or "Give the image's public GPG key.")
    return TargetSource(kind, target, ref, str(Path(key).resolve()) if key else "", insecure)


def policy_of(answers: Optional[str], override: Tuple[str, ...],
              usual: Optional[Mapping[str, Any]] = None, **given: Any) -> "Policy":
    """The policy: defaults, `usual` (ng2coreos.conf), the answers file, the options; later wins."""
    from ng2coreos.model import codec
    from ng2coreos.model.plan import Policy
    data: Dict[str, Any] = {**codec.dump(Policy()), **(usual or {})}
    if answers:
        data.update(answers_in(answers))
    data.update({name: value for name, value in given.items() if value is not None})
    policy = codec.load(Policy, data, answers or "policy")
    _check(policy, answers or "policy")
    overrides = {**policy.overrides, **dict(_override(words) for words in override)}
    _check_overrides(overrides)
    return dataclasses.replace(policy, overrides=overrides)


def answers_in(answers: str) -> Dict[str, Any]:
    """What an answers file holds, as JSON has it; BadInput unless it is a mapping of known keys."""
    import yaml

    from ng2coreos.plan import shallow
    existing(answers, "answers file", "It is a YAML mapping; see ng2coreos-answers(5).")
    try:
        text = read_regular(Path(answers)).decode("utf-8")
        shallow.check(text, aliases=False)
        found = yaml.safe_load(text) or {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise BadInput(f"The answers file {answers} cannot be read: {error}.",
                       hint="It is a YAML mapping; see ng2coreos-answers(5).") from None
    if not isinstance(found, dict):
        raise BadInput(f"The answers file {answers} is not a mapping.",
                       hint="See ng2coreos-answers(5).")
    _known(found, answers)
    return {str(key): json.loads(json.dumps(value, default=str, skipkeys=True))
            for key, value in found.items()}


def _known(found: Dict[Any, Any], where: str) -> None:
    """BadInput for a key that Policy lacks."""
    from ng2coreos.model.plan import Policy
    fields = [field.name for field in dataclasses.fields(Policy)]
    for key in found:
        if key not in fields:
            raise BadInput(f"{where}: there is no key {key}.",
                           hint=meant(str(key), fields) or "See ng2coreos-answers(5).")


def _override(words: str) -> Tuple[str, str]:
    id, equals, reason = words.partition("=")
    if not (id.strip() and equals and reason.strip()):
        raise click.UsageError(f"--override {words}: give the finding's id and your reason, as in "
                               f"--override {id.strip() or 'N2C_AREA_FACT'}=\"why\".")
    return id.strip(), reason.strip()


def _check_overrides(overrides: Dict[str, str]) -> None:
    """BadInput for an id of ours that no finding has, and for one without a reason."""
    if not overrides:
        return
    from ng2coreos.plan.catalogue import entries, nearest
    for id, reason in overrides.items():
        if not reason.strip():
            raise BadInput(f"overrides.{id}: the reason is missing.",
                           hint="Say why the finding may be passed over; the report repeats it.")
        if id.startswith("N2C_") and id not in entries():  # others may be a plug-in's own
            close = " or ".join(nearest(id))
            raise BadInput(f"overrides: there is no finding {id}.", hint=(
                f"Did you mean {close}?" if close else "`ng2coreos explain` lists all findings."))


def _check(policy: "Policy", where: str) -> None:
    """BadInput for a value that means nothing: it would be taken for another one in silence."""
    for field in dataclasses.fields(policy):
        value, choices = getattr(policy, field.name), field.metadata["choices"]
        for one in value.values() if isinstance(value, dict) else (value,):
            if choices and one not in choices:
                raise BadInput(f"{where}.{field.name}: {one!r} is not one of "
                               f"{', '.join(str(c) for c in choices)}.",
                               hint=meant(str(one), map(str, choices))
                               or "See ng2coreos-answers(5).")
        if isinstance(value, int) and value < 1:
            raise BadInput(f"{where}.{field.name}: {value} is no number of seconds.",
                           hint="See ng2coreos-answers(5).")
