"""The defaults file: precedence, one clear error with the nearest match, safe files only."""

import os
import subprocess
from pathlib import Path

import pytest

from ng2coreos.cli import conf
from ng2coreos.core.errors import BadInput, Exit
from ng2coreos.execute.store import read_plan
from ng2coreos.model.plan import Plan
from tests.cli.conftest import Tool, lines
from tests.rig.cache import REPO


def written(path: Path, text: str, mode: int = 0o644) -> Path:
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def planned(tool: Tool, *words: object) -> Plan:
    """The plan that a call with these words makes."""
    file = tool.repo.parent / "plan.json"
    said = tool("plan", *words, "--output", file)
    assert said.code == 0, said.err
    return read_plan(file)


def test_a_file_that_is_not_there_is_nothing_unless_it_was_asked_for(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conf, "FILE", str(tmp_path / "none"))
        assert conf.load() == conf.Conf()
    written(tmp_path / "ng2coreos.conf", "")
    with pytest.raises(BadInput) as refused:
        conf.load(str(tmp_path / "ng2coreso.conf"))
    assert refused.value.hint == f"Did you mean {tmp_path / 'ng2coreos.conf'}?"


def test_the_manual_s_example_is_a_defaults_file() -> None:
    page = (REPO / "man" / "ng2coreos.conf.5").read_text("utf-8").partition(".Sh EXAMPLES")[2]
    found = conf.parse(page.partition(".Bd -literal\n")[2].partition(".Ed")[0], "manual")
    assert found.options["ref"] == "ovirt/x86_64/coreos/stable"
    assert found.policy == {"trial_boots": 1, "confirm": "manual"}


@pytest.mark.parametrize("text, told, hint", [
    ("[ng2coreos]\ntargte = /x", "line 2: targte", "Did you mean target?"),
    ("[ng2coreos]\n\nlogfile = /x", "line 3: logfile", "Did you mean log-file?"),
    ("[ng2coreos]\ntrial_boots = 1", "line 2: trial_boots", "It belongs in [policy]."),
    ("[policy]\nkey = /x", "line 2: key", "It belongs in [ng2coreos]."),
    ("[policy]\nconfrim = auto", "line 2: confrim", "Did you mean confirm"),
    ("[policy]\nconfirm = manul", "line 2: confirm: 'manul'", "Did you mean manual?"),
    ("[policy]\noverrides = x", "line 2: overrides", "answers file"),
    ("[policy]\ndeadman_s = soon", "deadman_s: 'soon'", "ng2coreos.conf(5)"),
    ("[policy]\ntrial_boots = 3", "'3' is not one of 1, 2", "ng2coreos.conf(5)"),
    ("[policy]\nhealth_deadline_s = -1", "'-1'", "ng2coreos.conf(5)"),
    ("[polciy]\nconfirm = auto", "line 1: there is no section [polciy]", "Did you mean policy?"),
    ("[ng2coreos]\nreboot = yes", "line 2: reboot", "Its keys are"),
    ("[ng2coreos]\nquiet = perhaps", "quiet: 'perhaps'", "ng2coreos.conf(5)"),
    ("[ng2coreos]\ncolor = allways", "color: 'allways'", "Did you mean always?"),
    ("[ng2coreos]\nkey = image.asc", "image.asc is not an absolute path", "wherever"),
    ("[ng2coreos]\ntarget = repo", "repo is not an absolute path", "wherever"),
    ("[ng2coreos]\nref =", "line 2: ref has no value", "Give one"),
    ("key = /x", "line 1: a key stands before", "ng2coreos.conf(5)"),
    ("[ng2coreos]\nref = a\nref = b", "line 3: ref stands there twice", "ng2coreos.conf(5)"),
    ("[policy]\n[policy]", "line 2: [policy] stands there twice", "ng2coreos.conf(5)"),
    ("[ng2coreos]\nnonsense", "line 2: this is no KEY", "ng2coreos.conf(5)")])
def test_what_is_wrong_is_named_with_its_line(text: str, told: str, hint: str) -> None:
    with pytest.raises(BadInput) as refused:
        conf.parse(text, "f")
    assert refused.value.message.startswith("f, line ") and told in refused.value.message
    assert hint in refused.value.hint and "\n" not in refused.value.message


def test_neither_a_section_nor_a_key_of_configparser_has_a_meaning_here() -> None:
    with pytest.raises(BadInput, match="DEFAULT"):
        conf.parse("[DEFAULT]\nref = x", "f")
    assert conf.parse("[ng2coreos]\nref = a%(b)s", "f").options == {"ref": "a%(b)s"}


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o777, 0o4664])
def test_a_file_that_others_may_write_is_not_read(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "conf", "[ng2coreos]\nref = x", mode)
    with pytest.raises(BadInput, match="others may write"):
        conf.load(str(file))
    file.chmod(0o644)
    assert conf.load(str(file)).options == {"ref": "x"}


def test_whose_file_it_is(tmp_path: Path) -> None:
    file = written(tmp_path / "conf", "[ng2coreos]\nref = x")
    os.chown(file, 1234, 0)
    with pytest.raises(BadInput, match="belongs to uid 1234"):
        conf.load(str(file))
    assert conf.load(str(file), euid=1234).options  # his own, for what he calls
    os.chown(file, 0, 0)
    assert conf.load(str(file), euid=1234).options
    link = tmp_path / "link"
    link.symlink_to(file)
    os.chown(file, 1234, 0)
    with pytest.raises(BadInput, match="belongs to uid 1234"):
        conf.load(str(link))


@pytest.mark.parametrize("make", ["directory", "fifo", "binary", "huge"])
def test_what_is_no_text_file_is_one_error(tmp_path: Path, make: str) -> None:
    file = tmp_path / "conf"
    if make == "directory":
        file.mkdir()
    elif make == "fifo":
        os.mkfifo(file, 0o600)
    else:
        file.write_bytes(b"\xff\xfe" if make == "binary" else b"#" * (2 << 20))
    with pytest.raises(BadInput, match="cannot be read"):
        conf.load(str(file))


def test_command_line_over_file_over_built_in(tool: Tool, tmp_path: Path) -> None:
    written(tmp_path / "ng2coreos.conf", f"[ng2coreos]\ntarget = {tool.repo}\nref = mine\n"
            "[policy]\ntrial-boots = 1\nconfirm = manual\nhealth_deadline_s = 600\n")
    made = planned(tool)
    assert (made.policy.trial_boots, made.policy.confirm, made.policy.health_deadline_s,
            made.policy.deadman_s) == (1, "manual", 600, 1800)
    assert made.target.source.ref == "mine" and made.target.source.location == str(tool.repo)
    made = planned(tool, "--trial-boots", "2", "--ref", "yours")
    assert (made.policy.trial_boots, made.policy.confirm) == (2, "manual")
    assert made.target.source.ref == "yours"


def test_a_ref_of_the_file_is_not_asked_for_in_another_image(tool: Tool, tmp_path: Path) -> None:
    written(tmp_path / "ng2coreos.conf", "[ng2coreos]\ntarget = /srv/none\nref = mine\n")
    assert planned(tool, "--target", tool.repo).target.source.ref == ""


def test_answers_named_for_a_run_win_over_the_file(tool: Tool, tmp_path: Path) -> None:
    answers = written(tmp_path / "answers.yaml", "confirm: auto\n")
    written(tmp_path / "ng2coreos.conf", f"[ng2coreos]\ntarget = {tool.repo}\n[policy]\n"
            "confirm = manual\nunknown_etc = drop\n")
    policy = planned(tool, "--answers", answers).policy
    assert (policy.confirm, policy.unknown_etc) == ("auto", "drop")
    assert planned(tool, "--answers", answers, "--confirm", "manual").policy.confirm == "manual"


def test_another_file_by_option_before_or_after_the_command(tool: Tool, tmp_path: Path) -> None:
    written(tmp_path / "ng2coreos.conf", "[ng2coreos]\ntarget = /srv/none\n")
    other = written(tmp_path / "other", f"[ng2coreos]\ntarget = {tool.repo}\n")
    assert tool("plan").code == Exit.BAD_INPUT
    assert tool("--config", other, "plan").code == tool("plan", "--config", other).code == 0


def test_a_wrong_file_stops_every_command_but_not_its_help(tool: Tool, tmp_path: Path) -> None:
    file = written(tmp_path / "ng2coreos.conf", "[ng2coreos]\ntarget = /x\ntargte = /y\n")
    for words in (["status"], ["plan", "--target", str(tool.repo)], ["explain"], ["inventory"]):
        said = tool(*words)
        assert said.code == Exit.BAD_INPUT and said.out == "" and len(lines(said.err)) == 2
        assert f"{file}, line 3: targte" in said.err and "Did you mean target?" in said.err
    said = tool("plan", "--help")
    assert said.code == 0 and "targte" in said.out


def test_help_shows_what_the_file_sets(tool: Tool, tmp_path: Path) -> None:
    assert "Defaults from" not in tool("plan", "--help").out
    file = written(tmp_path / "ng2coreos.conf", "[ng2coreos]\ntarget = /srv/repo\nquiet = yes\n")
    shown = lines(tool("plan", "--help").out.partition("Defaults from ")[2])
    assert shown == [f"{file}:", "  target  /srv/repo", "  quiet   yes"]


def test_a_planted_file_is_not_obeyed(tool: Tool, tmp_path: Path) -> None:
    planted = written(tmp_path / "ng2coreos.conf", f"[ng2coreos]\ntarget = {tool.repo}\n")
    subprocess.run(["chown", "1234", str(planted)], check=True)
    said = tool("plan")
    assert said.code == Exit.BAD_INPUT and "belongs to uid 1234" in said.err
    assert str(tool.repo) not in said.err
