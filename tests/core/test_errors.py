"""Exit codes are a contract: never renumbered, each with one error class that documents it."""

from ng2coreos.core.errors import Exit, Ng2CoreosError, error_classes

COMMITTED = {
    "OK": 0, "INTERNAL": 1, "USAGE": 2, "BLOCKED": 3, "NEEDS_ANSWER": 4, "UNSUPPORTED": 5,
    "LOCKED": 6, "INTERRUPTED": 7, "BAD_INPUT": 8, "STALE_PLAN": 9, "ROLLED_BACK": 10,
    "ROLLBACK_INCOMPLETE": 11, "FELL_BACK": 12, "VERIFY_FAILED": 13, "NO_SPACE": 14,
    "WARNINGS": 100, "SIGINT": 130, "SIGTERM": 143}
WITHOUT_CLASS = {Exit.OK, Exit.USAGE, Exit.WARNINGS, Exit.SIGINT, Exit.SIGTERM}


def test_the_numbers_are_the_committed_ones() -> None:
    assert {e.name: e.value for e in Exit} == COMMITTED


def test_each_code_has_one_documented_class() -> None:
    classes = error_classes()
    assert set(classes) == set(Exit) - WITHOUT_CLASS
    for cls in classes.values():
        assert cls.__doc__
        assert len(cls.__doc__.splitlines()) == 1


def test_every_error_has_a_hint() -> None:
    error = Ng2CoreosError("what", hint="how")
    assert (str(error), error.hint) == ("what", "how")
