"""Everything that can go wrong, each with one exit code, and each code with one host state."""

from enum import IntEnum
from typing import Dict, Tuple, Type


class Exit(IntEnum):
    """Process exit codes; numbers are never reused or changed (tests/core/test_errors.py)."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    BLOCKED = 3
    NEEDS_ANSWER = 4
    UNSUPPORTED = 5
    LOCKED = 6
    INTERRUPTED = 7
    BAD_INPUT = 8
    STALE_PLAN = 9
    ROLLED_BACK = 10
    ROLLBACK_INCOMPLETE = 11
    FELL_BACK = 12
    VERIFY_FAILED = 13
    NO_SPACE = 14
    WARNINGS = 100
    SIGINT = 130
    SIGTERM = 143


# What each code says of the host in the report (`host_state`); () is: as it was before.
HOST_STATES: Dict[Exit, Tuple[str, ...]] = {
    Exit.OK: ("untouched", "staged", "switched", "migrated", "rolled-back"),
    Exit.INTERNAL: (), Exit.USAGE: (), Exit.BLOCKED: (), Exit.NEEDS_ANSWER: (),
    Exit.UNSUPPORTED: (), Exit.LOCKED: (), Exit.INTERRUPTED: ("prepared", "staged", "migrated"),
    Exit.BAD_INPUT: (), Exit.STALE_PLAN: (), Exit.ROLLED_BACK: ("rolled-back",),
    Exit.ROLLBACK_INCOMPLETE: ("inconsistent",), Exit.FELL_BACK: ("rolled-back",),
    Exit.VERIFY_FAILED: ("switched", "migrated"), Exit.NO_SPACE: ("rolled-back",),
    Exit.WARNINGS: (), Exit.SIGINT: ("rolled-back",), Exit.SIGTERM: ("rolled-back",)}


class Ng2CoreosError(Exception):
    """Something failed that has no better name; a bug unless the hint says otherwise."""

    exit_code: Exit = Exit.INTERNAL

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Blocked(Ng2CoreosError):
    """At least one inhibitor stands against the run; nothing was changed."""

    exit_code = Exit.BLOCKED


class NeedsAnswer(Ng2CoreosError):
    """Only findings remain that the admin may answer or override; nothing was changed."""

    exit_code = Exit.NEEDS_ANSWER


class Unsupported(Ng2CoreosError):
    """This is not an oVirt Node NG host, or something that the tool needs is missing."""

    exit_code = Exit.UNSUPPORTED


class Locked(Ng2CoreosError):
    """Another run holds the lock; nothing was changed."""

    exit_code = Exit.LOCKED


class Interrupted(Ng2CoreosError):
    """An earlier run was interrupted: `resume` or `rollback` must come first."""

    exit_code = Exit.INTERRUPTED


class BadInput(Ng2CoreosError):
    """A file that was given is invalid: plan, answers, whitelist, commit, signature or digest."""

    exit_code = Exit.BAD_INPUT


class StalePlan(Ng2CoreosError):
    """The host is no longer what the plan was made for; nothing was changed."""

    exit_code = Exit.STALE_PLAN


class RolledBack(Ng2CoreosError):
    """The run failed and everything that it had done was undone and checked."""

    exit_code = Exit.ROLLED_BACK


class RollbackIncomplete(Ng2CoreosError):
    """Not everything could be undone; the message lists what is left. NG still boots."""

    exit_code = Exit.ROLLBACK_INCOMPLETE


class FellBack(Ng2CoreosError):
    """The new system did not prove itself healthy and NG is running again."""

    exit_code = Exit.FELL_BACK


class VerifyFailed(Ng2CoreosError):
    """On the new system at least one carried item or health check is not as it must be."""

    exit_code = Exit.VERIFY_FAILED


class NoSpace(Ng2CoreosError):
    """Space ran out during the run; everything that it had done was undone."""

    exit_code = Exit.NO_SPACE


class CommandFailed(Ng2CoreosError):
    """A program that the tool runs failed, could not be started or ran past its deadline."""


def error_classes() -> Dict[Exit, Type[Ng2CoreosError]]:
    """Exit code to error class, for the manual and its test."""
    found: Dict[Exit, Type[Ng2CoreosError]] = {Exit.INTERNAL: Ng2CoreosError}
    for cls in Ng2CoreosError.__subclasses__():
        if "exit_code" in vars(cls):
            found[cls.exit_code] = cls
    return found
