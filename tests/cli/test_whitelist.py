"""`ng2coreos whitelist`: checks files, lists rules, says why a path is carried or is not."""

import json
from pathlib import Path

import pytest

from ng2coreos.core.errors import Exit
from ng2coreos.execute.planning import PLUGINS_D, WHITELISTS_D
from tests.cli.conftest import Tool, lines

GOOD = "entries:\n  - {id: site.a, paths: [/etc/a/**], action: drop, reason: Ours.}\n"
F = "/usr/share/factory/etc"


def test_good_files_are_good(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text("# nothing\n")
    said = tool("whitelist", "check", tmp_path / "a.yaml", tmp_path / "b.yaml")
    assert said.code == 0 and said.err == ""
    assert lines(said.out) == [f"{tmp_path}/a.yaml: good; 1 entries.",
                               f"{tmp_path}/b.yaml: good; no rules."]


def test_each_bad_file_is_told_with_line_and_field(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD.replace("drop", "move"))
    (tmp_path / "c.yml").write_text(GOOD)
    said = tool("whitelist", "check", *(tmp_path / n for n in ("a.yaml", "b.yaml", "c.yml", "d")))
    assert said.code == Exit.BAD_INPUT
    good, bad, misnamed, gone = lines(said.out)
    assert "good" in good
    assert "b.yaml, line 2: entries[0].action must be one of carry, drop, regenerate." in bad
    assert "must end in .yaml" in misnamed and "cannot be read" in gone


def test_the_check_as_json(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text("units: 5\n")
    said = tool("whitelist", "check", "--json", tmp_path / "a.yaml", tmp_path / "b.yaml")
    good, bad = json.loads(said.out)
    assert (good["ok"], good["entries"], good["error"]) == (True, 1, "")
    assert not bad["ok"] and "line 1: units must be a list" in bad["error"]
    assert said.code == Exit.BAD_INPUT


def test_the_list_has_the_hosts_drop_ins_first_and_then_ours(tool: Tool) -> None:
    tool.world.host.write(f"{WHITELISTS_D}/site.yaml", GOOD)
    tool.world.host.write(f"{PLUGINS_D}/vendor.yaml", GOOD.replace("site.a", "vendor.a"))
    said = tool("whitelist", "list")
    first, second = lines(said.out)[1:3]
    assert first.split()[:3] == ["/etc/a/**", "drop", "site.a"] and "site.yaml:2" in first
    assert "vendor.a" in second and "vendor.yaml:2" in second
    rows = json.loads(tool("whitelist", "list", "--json").out)
    assert [row["whose"] for row in rows[:3]] == ["drop-in", "plug-in", "built-in"]
    assert len(rows) == len(lines(said.out)) - 1 > 100


def test_a_bad_drop_in_is_an_error_of_every_command_that_reads_it(tool: Tool) -> None:
    tool.world.host.write(f"{PLUGINS_D}/vendor.yaml", GOOD + "    colour: red\n")
    for words in (["whitelist", "list"], ["whitelist", "explain", "/etc/a"]):
        said = tool(*words)
        assert said.code == Exit.BAD_INPUT and "vendor.yaml, line 3" in said.err
        assert len(lines(said.err)) == 2
    assert tool.targeted("plan").code == Exit.BAD_INPUT


def test_a_path_is_explained_with_how_it_stands_here(tool: Tool) -> None:
    host = tool.world.host
    host.write(f"{WHITELISTS_D}/site.yaml", GOOD)
    host.write("/etc/a/x", "mine")
    host.write(f"{F}/a/x", "the image's")
    said = tool("whitelist", "explain", "/etc/a/x")
    assert said.code == 0 and said.out.startswith("/etc/a/x: dropped\n")
    for told in ("changed on NG", "site.a: drop /etc/a/**", "Ours.", "site.yaml:2 (drop-in)"):
        assert told in " ".join(said.out.split())
    data = json.loads(tool("whitelist", "explain", "--json", "/etc/a/x").out)
    assert (data["verdict"], data["here"], data["rule"]["line"]) == ("dropped", "changed", 2)


@pytest.mark.parametrize("ours, factory, here", [
    ("a", None, "added"), ("a", "b", "changed"), (None, "a", "deleted"), ("a", "a", "unchanged"),
    (None, None, "missing")])
def test_how_a_path_stands(tool: Tool, ours: str, factory: str, here: str) -> None:
    tool.world.host.path(F).mkdir(parents=True)
    for place, text in (("/etc", ours), (F, factory)):
        if text is not None:
            tool.world.host.write(f"{place}/x", text)
    assert json.loads(tool("whitelist", "explain", "--json", "/etc/x").out)["here"] == here


def test_elsewhere_than_on_an_ng_nothing_is_said_of_the_host(tool: Tool) -> None:
    data = json.loads(tool("whitelist", "explain", "--json", "/etc/hostname").out)
    assert (data["here"], data["rule"]["id"]) == ("", "identity.hostname")


def test_an_unknown_path_is_told_what_is_near(tool: Tool) -> None:
    said = tool("whitelist", "explain", "/etc/chorny.conf")
    assert "by-policy" in said.out and "/etc/chrony.conf" in said.out


def test_owner_mode_and_verification_are_told(tool: Tool) -> None:
    said = tool("whitelist", "explain", "/etc/pki/vdsm/keys/vdsmkey.pem")
    for told in ("owner vdsm:kvm", "mode 0440", "verify content", "secret"):
        assert told in said.out


def test_a_relative_path_is_a_wrong_call(tool: Tool) -> None:
    assert tool("whitelist", "explain", "etc/x").code == Exit.USAGE
    assert tool("whitelist", "check").code == Exit.USAGE
    assert tool("whitelist", "nonsense").code == Exit.USAGE


def test_a_path_cannot_drive_the_terminal(tool: Tool) -> None:
    assert "\x1b" not in tool("whitelist", "explain", "/etc/\x1b[31mx").out


def test_the_rules_of_one_whitelist(tool: Tool) -> None:
    every = tool("whitelist", "list", "--json")
    some = json.loads(tool("whitelist", "list", "ssh", "time", "--json").out)
    assert {Path(row["origin"]).stem for row in some} == {"ssh", "time"}
    assert len(some) < len(json.loads(every.out))
    said = tool("whitelist", "list", "shs")
    assert said.code == Exit.USAGE and "Did you mean ssh" in said.err and said.out == ""
