"""The policy that a command runs with: defaults, then the answers file, then the options."""

from pathlib import Path

import pytest

from ng2coreos.cli.main import cli, guarded
from ng2coreos.cli.options import policy_of
from ng2coreos.core.errors import BadInput, Exit
from ng2coreos.model.plan import Policy


def answers(tmp_path: Path, text: str) -> str:
    path = tmp_path / "answers.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def test_options_win_over_the_file_and_overrides_add_up(tmp_path: Path) -> None:
    file = answers(tmp_path, "confirm: manual\ntrial_boots: 1\noverrides: {A: why}\n"
                             "answers: {/etc/x: take-target}\n")
    policy = policy_of(file, ("B=so = that",), trial_boots=2, confirm=None)
    assert policy == Policy(trial_boots=2, confirm="manual",
                            overrides={"A": "why", "B": "so = that"},
                            answers={"/etc/x": "take-target"})


def test_nothing_given_is_the_default() -> None:
    assert policy_of(None, (), trial_boots=None, confirm=None) == Policy()


@pytest.mark.parametrize("text, place", [
    ("confirm: atuo", "confirm"), ("trial_boots: 3", "trial_boots"), ("unknown_etc: keep",
     "unknown_etc"), ("conflict: mine", "conflict"), ("answers: {/etc/x: yes}", "answers"),
    ("health_deadline_s: 0", "health_deadline_s"), ("deadman_s: soon", "deadman_s"),
    ("colour: red", "colour"), ("[1]", "mapping"), ("a: [", "YAML"),
    ("overrides: N2C_X", "overrides"), ("overrides:", "overrides"), ("overrides: [A]", "overrides"),
    ("overrides: {N2C_NO_SUCH: why}", "N2C_NO_SUCH"), ("overrides: {A: ' '}", "overrides.A"),
    ("overrides: {N2C_BOOT_SECUREBOOT: why}", "N2C_BOOT_SECURE_BOOT"),
    ("? [a, b]\n: 1", "answers.yaml"), ("1: x", "1"), ("confirm: 2026-01-01", "confirm"),
    ("\x00", "answers.yaml")])
def test_what_means_nothing_is_refused_by_name(text: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        policy_of(answers(tmp_path, text), ())
    assert place in refused.value.message + refused.value.hint


def test_a_wrong_word_is_answered_with_the_nearest(tmp_path: Path) -> None:
    for text, meant in (("conflict: mergee", "merge"), ("confrim: auto", "confirm"),
                        ("answers: {/etc/x: keep_ng}", "keep-ng")):
        with pytest.raises(BadInput) as refused:
            policy_of(answers(tmp_path, text), ())
        assert f"Did you mean {meant}" in refused.value.hint


def test_a_root_that_is_not_there_is_no_host(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ng2coreos.cli.conf.FILE", str(tmp_path / "none"))
    (tmp_path / "sysimage").mkdir()
    for command in ("status", "inventory"):
        code = guarded(lambda command=command: cli.main(  # type: ignore[misc]
            ["--root", str(tmp_path / "sysimgae"), command], standalone_mode=False))
        assert code == Exit.BAD_INPUT
        assert f"Did you mean {tmp_path / 'sysimage'}?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["apply", "resume", "rollback"])
def test_a_tree_that_is_not_the_running_host_is_never_changed(
        command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = guarded(lambda: cli.main(["--root", str(tmp_path), command], standalone_mode=False))
    assert code == Exit.UNSUPPORTED
    assert "running host" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
