"""Whitelists: a wrong one is refused with its file, line and field; a drop-in wins."""

from pathlib import Path

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.model.plan import ArgAction
from ng2coreos.plan import load_rules
from ng2coreos.plan.rules import Action, Rules, Verify
from ng2coreos.plan.schema import parse

GOOD = """\
entries:
  - id: my.files
    paths: [/etc/my/**]
    exclude: ["/etc/my/*.bak"]
    action: carry
    reason: Mine.
    owner: me:mine
    mode: "0640"
    secret: true
units:
  - {unit: my.service, reason: Mine, required: true}
kernel_args:
  - {arg: my, action: translate, result: "yours={value}", reason: Renamed.}
static_ids:
  - {name: me, kind: user, id: 5000, reason: NFS.}
"""


def test_a_good_file_is_read_whole() -> None:
    layer = parse(GOOD, "my.yaml")
    entry, = layer.entries
    assert (entry.action, entry.verify, entry.owner, entry.mode, entry.secret, entry.host_data) == (
        Action.CARRY, Verify.CONTENT, "me:mine", 0o640, True, False)
    assert layer.units[0].required and not layer.units[0].mask
    assert layer.kernel_args[0].action is ArgAction.TRANSLATE
    assert layer.static_ids[0].id == 5000


def test_an_empty_file_has_no_rules() -> None:
    assert parse("# nothing\n", "my.yaml").entries == ()


ENTRY = "entries:\n  - id: a\n    paths: [/etc/a]\n    action: carry\n    reason: because\n"


@pytest.mark.parametrize("text,line,words", [
    (ENTRY + "    wrong: 1\n", 6, "entries[0].wrong is not a key"),
    (ENTRY + "rules: []\n", 6, "rules is not a key"),
    (ENTRY.replace("carry", "copy"), 4, "entries[0].action must be one of carry, drop"),
    (ENTRY.replace("/etc/a", "etc/a"), 3, "entries[0].paths etc/a is not an absolute path"),
    (ENTRY.replace("/etc/a", "/etc/../a"), 3, "is not an absolute path"),
    (ENTRY.replace("[/etc/a]", "[]"), 3, "entries[0].paths is empty"),
    (ENTRY.replace("[/etc/a]", "/etc/a"), 3, "entries[0].paths must be a list"),
    (ENTRY.replace("[/etc/a]", "[/etc/a, 5]"), 3, "entries[0].paths must be a list of texts"),
    (ENTRY.replace("    reason: because\n", ""), 2, "entries[0].reason is missing"),
    (ENTRY.replace("because", '" "'), 5, "entries[0].reason must be a text"),
    (ENTRY + "    mode: 640\n", 6, "entries[0].mode must be four octal digits"),
    (ENTRY + '    mode: "0689"\n', 6, "entries[0].mode must be four octal digits"),
    (ENTRY + "    secret: maybe\n", 6, "entries[0].secret must be true or false"),
    (ENTRY + "    owner: root\n", 6, "entries[0].owner must be user:group"),
    (ENTRY + "    id: b\n", 6, "entries[0].id stands twice"),
    ("entries: {a: b}\n", 1, "entries must be a list"),
    ("entries: [a]\n", 1, "entries[0] must be a mapping"),
    ("- a\n", 1, "must be a mapping"),
    ("entries: [\n", 2, "is not YAML"),
    ("kernel_args:\n  - {arg: a, action: add, reason: b}\n", 2, "add is the plan's own"),
    ("kernel_args:\n  - {arg: a, action: translate, reason: b}\n", 2, "goes with translate"),
    ("static_ids:\n  - {name: a, kind: dog, id: 1, reason: b}\n", 2, "must be user or group"),
    ("static_ids:\n  - {name: a, kind: user, id: -1, reason: b}\n", 2, "must be a number"),
])
def test_a_wrong_file_is_refused_by_file_line_and_field(text: str, line: int, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text, "bad.yaml")
    assert f"bad.yaml, line {line}: " in caught.value.message or words == "is not YAML"
    assert caught.value.message.startswith("bad.yaml, line ")
    assert words in caught.value.message


def test_a_drop_in_wins_over_a_more_exact_built_in_rule(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ENTRY.replace("[/etc/a]", "[/etc/**]"))
    rules = load_rules([tmp_path, tmp_path / "missing"])
    assert rules.find("/etc/hostname") == rules.drop_ins[0].entries[0]
    built_in = load_rules().find("/etc/hostname")
    assert built_in is not None and built_in.id == "identity.hostname"


def test_a_drop_in_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="a.yaml, line 1: cannot be read"):
        load_rules([tmp_path])


def test_the_most_exact_built_in_rule_decides() -> None:
    rules = load_rules()
    assert _id(rules.find("/etc/sysctl.d/vdsm.conf")) == "vdsm.static-etc"
    assert _id(rules.find("/etc/sysctl.d/90-mine.conf")) == "tuning.sysctl"
    assert rules.find("/etc/unheard-of.conf") is None


def test_an_excluded_path_is_not_the_entrys() -> None:
    rules = Rules((parse(GOOD, "my.yaml"),), ())
    assert _id(rules.find("/etc/my/a")) == "my.files"
    assert rules.find("/etc/my/a.bak") is None


def _id(entry: object) -> str:
    return str(getattr(entry, "id", None))
