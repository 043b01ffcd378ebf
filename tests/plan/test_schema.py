"""Whitelists: a wrong one is refused with its file, line and field; a drop-in wins."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    with pytest.raises(BadInput, match="a.yaml, line 1: is not UTF-8"):
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


@pytest.mark.parametrize("text,line,words", [
    (ENTRY.replace("[/etc/a]", "\n    - /etc/b\n    - /etc/a/"), 5, "/etc/a/ is not an absolute"),
    (ENTRY + "    exclude:\n    - /etc/b\n    - /etc/./c\n", 8, "entries[0].exclude /etc/./c"),
    (ENTRY.replace("because", "2001-13-13"), 5, "entries[0].reason must be a text"),
    (ENTRY.replace("[/etc/a]", "[[/etc/a]]"), 3, "must be a list of texts"),
    (ENTRY.replace("[/etc/a]", "&x [*x]"), 3, "must be a list of texts"),
    (ENTRY.replace("because", "!!python/name:os.system x"), 5, "reason must be a text"),
    (ENTRY + "    ? [a]\n    : b\n", 6, "entries[0] has a key that is no text"),
    ("a: b\n---\nc: d\n", 2, "is not YAML"), ("a: \x07\n", 1, "is not YAML"),
    ("\n\n- [unclosed\n", 4, "is not YAML")])
def test_what_is_wrong_is_told_with_its_own_line(text: str, line: int, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text, "x.yaml")
    assert caught.value.message.startswith(f"x.yaml, line {line}: "), caught.value.message
    assert words in caught.value.message


def test_a_file_that_is_nested_without_end_is_an_error() -> None:
    with pytest.raises(BadInput, match=r"^x\.yaml, line 1: "):
        parse("[" * 20000 + "]" * 20000, "x.yaml")


@given(st.one_of(st.text(), st.lists(st.sampled_from([
    "entries:\n", "- id: a\n", "  paths: [/a]\n", "  action: carry\n", "  reason: b\n", "units:\n",
    "- {unit: a, reason: b}\n", "&a ", "*a ", "!!int ", "? ", "- ", "[", "]", "{", "}", ": ",
    "  mode: \"0600\"\n", "  secret: yes\n", "'", "1e999", "2001-02-31 ", "0x_ "])).map("".join)))
def test_whatever_a_file_holds_it_is_rules_or_an_error_with_a_line(text: str) -> None:
    try:
        layer = parse(text, "x.yaml")
    except BadInput as error:
        assert error.message.startswith("x.yaml, line ")
    else:
        assert len(layer.lines) == len(layer.entries)


def test_each_entry_knows_its_line() -> None:
    layer = parse("# c\n" + ENTRY + "  - {id: b, paths: [/b], action: drop, reason: c}\n", "x")
    assert layer.lines == (3, 7)


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"# a\n# caf\xe9\n")
    with pytest.raises(BadInput, match=r"x\.yaml, line 2: is not UTF-8"):
        load_rules([tmp_path])


@pytest.mark.parametrize("name, told", [
    ("x.yml", "must end in .yaml"), ("x.json", "must end"), ("x.py", "must end"), ("README", ""),
    ("x.yaml.rpmsave", ""), ("x.yaml~", "")])
def test_a_file_that_nobody_would_read_is_told(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / name).write_text("entries: []\n")
    if told:
        with pytest.raises(BadInput, match=told):
            load_rules([tmp_path])
        with pytest.raises(BadInput, match=told):
            load_rules(plugged=[tmp_path])
    else:
        assert load_rules([tmp_path]).drop_ins == ()


def test_a_directory_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("")
    with pytest.raises(BadInput, match="is not a directory"):
        load_rules([tmp_path / "d"])
    assert load_rules([tmp_path / "none"]).drop_ins == ()


def test_the_admin_wins_over_plug_ins_and_these_over_ours(tmp_path: Path) -> None:
    for name, action in (("admin", "drop"), ("plug", "regenerate")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text(
            f"entries:\n  - {{id: {name}, paths: [/etc/**], action: {action}, reason: r}}\n")
    admin, plug = tmp_path / "admin", tmp_path / "plug"
    for directories, plugged, wanted in (([admin], [plug], "admin"), ([], [plug], "plug"),
                                         ([], [], "identity.hostname")):
        entry = load_rules(directories, plugged).find("/etc/hostname")
        assert entry is not None and entry.id == wanted
