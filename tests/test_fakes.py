"""The fake host keeps its promises: it refuses, and it notices what was not used."""

import pytest

from ng2coreos.core.errors import CommandFailed, Unsupported
from tests.fakes import ANY, MANY, FakeHost


def test_a_scripted_command_answers_once() -> None:
    with FakeHost() as host:
        host.on("lvs", ANY, "-a", stdout="one").on("lvs", ..., stdout="rest")
        assert host.run(["lvs", "x", "-a"]).stdout == "one"
        assert host.run(["lvs", "x", "-a"]).stdout == "rest"
    assert host.commands == [("lvs", "x", "-a")] * 2


def test_an_unscripted_command_is_refused_even_if_swallowed() -> None:
    host = FakeHost()
    with pytest.raises(AssertionError, match="not scripted: rm -rf"):
        host.run(["rm", "-rf", "/x"])
    with pytest.raises(AssertionError, match="no test scripted"):
        host.check()


@pytest.mark.parametrize("times", [1, 2, MANY])
def test_a_command_that_is_not_run_is_noticed(times: int) -> None:
    host = FakeHost().on("true", times=times)
    with pytest.raises(AssertionError, match="were not run"):
        host.check()


def test_statuses_and_missing_programs_are_as_in_life() -> None:
    with FakeHost() as host:
        host.on("false", rc=1, stderr="no", times=2).on("lvs", missing=True)
        assert host.run(["false"], ok=(0, 1)).stderr == "no"
        with pytest.raises(CommandFailed, match="no"):
            host.run(["false"])
        with pytest.raises(Unsupported):
            host.run(["lvs"])


def test_output_can_depend_on_the_input(fake_host: FakeHost) -> None:
    fake_host.on("cat", stdout=lambda argv, data: (data or b"").decode())
    assert fake_host.run(["cat"], data="hello").stdout == "hello"
    assert fake_host.calls[0].data == b"hello"
