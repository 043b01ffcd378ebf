"""Runs a function in a child process with a mount namespace of its own."""

import os
import sys
import traceback
from typing import Callable

from ng2coreos.stage import mounts


def in_namespace(function: Callable[[], None]) -> None:
    """Call `function` in a forked child after `private_namespace`; AssertionError if it raises."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.close(reading)
            mounts.private_namespace()
            function()
            status = 0
        except BaseException:
            os.write(writing, traceback.format_exc().encode()[-60000:])
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read().decode()
    _, status = os.waitpid(pid, 0)
    assert status == 0, told
