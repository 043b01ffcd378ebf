"""A disk that is full, over quota, broken or read-only at any write of a run: the run undoes
itself, ends with the documented code, and leaves nothing.

A full disk stays full: later writes to the same file system fail too, until a file is removed.
A read-only one lets nothing be changed: the run cannot undo itself then, says so, and `rollback`
does it later.
"""

import errno
import os
from collections import Counter
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import pytest

from ng2coreos.core.errors import Exit, Ng2CoreosError, RollbackIncomplete
from tests.faults import oracle
from tests.faults.cuts import Cut, broken, taken, watching
from tests.faults.programs import BAD, Failed
from tests.faults.scene import Scene, attempt, differences
from tests.faults.test_cuts import ended, untouched

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="owners")

FULL = (errno.ENOSPC, errno.EDQUOT)
NEEDS_ROOM = ("open", "mkdir", "symlink", "link", "rename", "fsync", "pwrite", "setxattr", "mknod",
              "journal")
CODES = {errno.ENOSPC: (Exit.NO_SPACE,), errno.EDQUOT: (Exit.NO_SPACE,),
         errno.EIO: (Exit.ROLLED_BACK, Exit.ROLLBACK_INCOMPLETE),
         errno.EROFS: (Exit.ROLLED_BACK, Exit.ROLLBACK_INCOMPLETE)}


def _needs_room(scene: Scene, name: str, path: str) -> bool:
    """Does it take blocks?  Not what is written over itself, nor the names that are there."""
    word = name.partition(" ")[0]
    if word == "fsync":
        return os.path.isfile(path) and os.path.getsize(path) > len(
            scene.host.media.flushed(path) or b"")
    return word in NEEDS_ROOM


def failing(scene: Scene, command: Callable[[], None], number: int,
            code: int) -> Tuple[str, str, Optional[Exception]]:
    """Run `command` with the error at its write `number`; step and name of the write, the end."""
    seen, where, file_system = 0, ("", ""), ""
    freed: List[bool] = []

    def fail(name: str, path: str) -> Optional[OSError]:
        nonlocal seen, where, file_system
        if code in FULL and not _needs_room(scene, name, path):
            if name.startswith("unlink") and scene.host.media.of(path) == file_system:
                freed.append(os.path.isfile(path) and os.path.getsize(path) > 0)
            return None
        here = scene.host.media.of(path)
        if file_system:
            lasting = code in (*FULL, errno.EROFS) and here == file_system and not any(freed)
            return broken(code) if lasting else None
        seen += 1
        if seen <= number:
            return None
        where, file_system = (watch.step, name), here
        return broken(code)

    with watching(scene.host) as watch:
        watch.fail = fail
        error = attempt(command)
    return (*where, error)


def every_write(scene: Scene, code: int, check: Callable[[str, str, Optional[Exception]], None],
                every: int, first: int) -> Dict[str, int]:
    """`check` what each of every so many writes of a run makes of the error; counted by step."""
    count: Counter[str] = Counter()
    number = first
    while True:
        scene.reset()
        step, name, error = failing(scene, scene.apply, number, code)
        if not name:
            return dict(count)
        count[step] += 1
        check(step, name, error)
        number += every


@pytest.mark.parametrize("code, every, first", [
    (errno.ENOSPC, 1, 0), (errno.EDQUOT, 2, 0), (errno.EIO, 2, 0), (errno.EROFS, 2, 1)])
def test_at_every_write_of_a_run(scene: Scene, code: int, every: int, first: int) -> None:
    at_writes(scene, code, every, first)


@pytest.mark.soak
@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
def test_at_every_write_of_a_run_every_error(scene: Scene, code: int) -> None:
    at_writes(scene, code, 1, 0)


def at_writes(scene: Scene, code: int, every: int, first: int) -> None:
    """The promise, for one error at every so many writes."""
    wanted = ended(scene)

    def check(step: str, name: str, error: Optional[Exception]) -> None:
        where = f"{step}: {name}: {error!r}"
        if error is None:  # nothing that counts: who holds the lock, the last of the secrets
            scene.resume()
            assert differences(wanted["result"][0], scene.result()[0]) == [], where
            scene.roll_back()
            return
        told(error, CODES[code], where)
        assert oracle.problems(scene) == [], where
        if isinstance(error, RollbackIncomplete):
            scene.roll_back()
        untouched(scene, Cut(step, where, "killed", {}, ()))

    count = every_write(scene, code, check, every, first)
    print(f"\n{errno.errorcode[code]}: {sum(count.values())} writes: {count}")
    assert {change.step for change in scene.plan.changes} <= set(count)


def told(error: Exception, codes: Sequence[Exit], where: str) -> None:
    """A clear error with one of these codes."""
    assert isinstance(error, Ng2CoreosError), where
    assert error.exit_code in codes and error.hint, where


WORDS = ("It broke.", 'Volume group "onn" has insufficient free space', "No space left on device")
HARMLESS = ("udevadm",)  # a host without udev gets its nodes from lvm


@pytest.mark.parametrize("when", ["before", "middle", "after"])
def test_whichever_program_fails(scene: Scene, when: str) -> None:
    """Not begun, half done, or done with an error all the same: everything is undone."""
    number, failed = 0, 0
    while True:
        scene.reset()
        words, error = _program_fails(scene, when, number, WORDS[number % len(WORDS)])
        if not words:
            break
        number += 1
        if words[0] in HARMLESS:
            continue
        failed += 1
        where = f"{when} {' '.join(words)}: {error!r}"
        assert error is not None, where
        code = Exit.NO_SPACE if "space" in WORDS[(number - 1) % len(WORDS)] else Exit.ROLLED_BACK
        begun = (scene.store.path / scene.plan.run_id).exists()
        told(error, (code, Exit.ROLLBACK_INCOMPLETE) if begun else (Exit.INTERNAL,), where)
        if isinstance(error, RollbackIncomplete):  # what is mounted goes with the process only
            scene.restore(taken(scene.host, "", where, "killed"))
            scene.roll_back()
        untouched(scene, Cut("", where, "killed", {}, ()))
    print(f"\n{failed} programs fail {when}")
    assert failed > 5


def _program_fails(scene: Scene, when: str, number: int,
                   text: str) -> Tuple[Sequence[str], Optional[Exception]]:
    seen, failing_words = 0, ()  # type: Tuple[int, Tuple[str, ...]]

    def reached(at: str, words: Sequence[str]) -> None:
        nonlocal seen, failing_words
        if at == when and not failing_words:
            seen += 1
            if seen > number:
                failing_words = tuple(words)
                raise Failed(BAD, text)

    with watching(scene.host), pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene.host, "reached", reached)
        error = attempt(scene.apply)
    return failing_words, error
