"""ng2coreos on the new system: argparse and the standard library, one line for every error."""

import argparse
import logging
import os
import sys
import syslog
import traceback
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ng2coreos import __version__
from ng2coreos.core.command import Completed, Input, hear_of_ends
from ng2coreos.core.errors import Exit, Ng2CoreosError, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.firstboot import (
    boot_success,
    confirm,
    deadman,
    finalize,
    layering,
    layers,
    reboot,
    rollback,
    selinux,
    status,
    told,
    trial,
    verify,
)
from ng2coreos.firstboot.system import System
from ng2coreos.report.proof import proof_text, proof_verdict

Command = Callable[[System, argparse.Namespace], Exit]


def main(arguments: Optional[Sequence[str]] = None, system: Optional[System] = None) -> int:
    """Run one command; the exit code says what the host's state is (core/errors.py)."""
    hear_of_ends()
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="ng2coreos: %(message)s", stream=sys.stderr,
                        level=logging.INFO if options.command == "trial" else logging.WARNING)
    try:
        return _COMMANDS[options.command](system or System(_host(options.root)), options)
    except Ng2CoreosError as error:
        _complain(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        _complain("Interrupted.", "What was done is complete; run the command again.")
        return Exit.SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has left
        return Exit.OK
    except OSError as error:
        _complain(f"{error.filename or 'The system'}: {error.strerror}.",
                  "Run it as root." if isinstance(error, PermissionError)
                  else "Mend that, then run the command again: it goes on where it stopped.")
        return Exit.UNSUPPORTED if isinstance(error, PermissionError) else Exit.INTERNAL
    except Exception as error:  # a bug: all of it for the journal, one line for the admin
        for line in traceback.format_exc().splitlines():
            syslog.syslog(syslog.LOG_ERR, line)
        _complain(f"Internal error: {type(error).__name__}: {error}.",
                  "See `journalctl -t ng2coreos`, and please report it.")
        return Exit.INTERNAL


def _status(system: System, options: argparse.Namespace) -> Exit:
    found = status.status(system)
    _show(told.report(system, "status", text=found.text, todo=found.next, phase=found.phase,
                      proof=found.verification) if options.json else status.status_text(found))
    return Exit.OK


def _verify(system: System, options: argparse.Namespace) -> Exit:
    result = verify.verify(system)
    code = Exit.VERIFY_FAILED if result.failed else Exit.OK
    _show(told.report(system, "verify", code, text=proof_verdict(result), proof=result)
          if options.json else proof_text(result, items=options.items))
    return code


def _confirm(system: System, options: argparse.Namespace) -> Exit:
    return _done(system, options, confirm.confirm(system),
                 "The new system is what the host boots from now on.")


def _rollback(system: System, options: argparse.Namespace) -> Exit:
    done = rollback.rollback(system)
    _done(system, options, done, "The next boot is oVirt Node NG."
          + ("" if options.reboot else " Reboot when you are ready: systemctl reboot"))
    if options.reboot:
        reboot.reboot(system)
    return Exit.OK


def _finalize(system: System, options: argparse.Namespace) -> Exit:
    return _done(system, options, finalize.finalize(system, yes=options.yes),
                 "oVirt Node NG is removed and its space given back.")


def _layers(system: System, options: argparse.Namespace) -> Exit:
    if options.boot:
        layering.in_background(system)  # what is wrong is in the record and in the journal
        return Exit.OK
    layering.now(system)
    found = layers.look(system, system.manifest())
    assert found is not None
    failed = found.progress is layers.Progress.FAILED
    text = f"{found.progress.value}: {found.text}"
    _show(told.report(system, "layers", Exit.VERIFY_FAILED if failed else Exit.OK, text=text,
                      todo=found.next) if options.json else f"{text}\nNext: {found.next}\n")
    return Exit.VERIFY_FAILED if failed else Exit.OK


def _trial(system: System, options: argparse.Namespace) -> Exit:
    trial.run(system)
    return Exit.OK


def _selinux(system: System, options: argparse.Namespace) -> Exit:
    selinux.replay(system)
    return Exit.OK


def _boot_success(system: System, options: argparse.Namespace) -> Exit:
    boot_success.run(system)  # what is wrong is in the journal; the unit need not fail for it
    return Exit.OK


def _deadman(system: System, options: argparse.Namespace) -> Exit:
    # failing is what restarts the host (FailureAction of the unit)
    return Exit.INTERNAL if deadman.expired(system) else Exit.OK


# For --help and the manual: what a line does, and the line
EXAMPLES: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "status": (("Where does the move stand, and what is next?", "ng2coreos status"),),
    "verify": (
        ("Is everything as it must be?", "ng2coreos verify"),
        ("The same with every item, for a program:", "ng2coreos verify --items --json")),
    "confirm": (("Make the new system the default:", "ng2coreos confirm"),),
    "rollback": (("Go back to NG now:", "ng2coreos rollback --reboot"),),
    "layers": (("Try again now to lay the added packages over the image:", "ng2coreos layers"),),
    "finalize": (
        ("What would be removed?", "ng2coreos finalize"),
        ("Give NG up for good:", "ng2coreos finalize --yes"))}
_COMMANDS: Dict[str, Command] = {
    "status": _status, "verify": _verify, "confirm": _confirm, "rollback": _rollback,
    "finalize": _finalize, "trial": _trial, "deadman": _deadman, "boot-success": _boot_success,
    "selinux": _selinux, "layers": _layers}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ng2coreos", description="The move from oVirt Node NG, seen from the new system.")
    parser.add_argument("--version", action="version", version=f"ng2coreos {__version__}")
    parser.add_argument("--root", default="/", metavar="DIR",
                        help="look at the system below DIR, without running its programs")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    described = {
        "status": "say where the move stands; changes nothing",
        "verify": "prove every carried item and check; status 13 if one is wrong",
        "confirm": "make the new system, once proved healthy, what a reset boots",
        "rollback": "make oVirt Node NG the next boot; `rollback` there removes what is left",
        "finalize": "remove oVirt Node NG for good and give its space back",
        "layers": "lay the plan's added packages over the image, for the next reboot",
        "trial": "what the trial service runs at boot, until confirm; not for people",
        "deadman": "what the deadman timer runs; not for people",
        "selinux": "what sets SELinux records again, once; not for people",
        "boot-success": "what counts good boots after confirm; not for people",
    }
    made: Dict[str, argparse.ArgumentParser] = {}
    for name, text in described.items():
        rows = [f"  {what}\n    {line}" for what, line in EXAMPLES.get(name, ())]
        made[name] = commands.add_parser(
            name, help=text, description=text,
            epilog="\n".join(["examples:", *rows]) if rows else "",
            formatter_class=argparse.RawDescriptionHelpFormatter)
        made[name].add_argument("--json", action="store_true", help="JSON on standard output")
    made["verify"].add_argument("--items", action="store_true",
                                help="list the items that are right too")
    made["layers"].add_argument("--boot", action="store_true",
                                help="as its unit runs it: a few turns, and never a failure")
    made["rollback"].add_argument("--reboot", action="store_true", help="reboot at once")
    made["finalize"].add_argument("--yes", action="store_true",
                                  help="do it: there is no way back afterwards")
    return parser


def _host(root: str) -> Host:
    return Host() if root == "/" else Host(root, _refuse)


def _refuse(argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
    raise Unsupported(f"{' '.join(argv)} is not run for a system that is not running.",
                      hint="Leave --root out on the host itself.")


def _done(system: System, options: argparse.Namespace, changed: bool, text: str) -> Exit:
    text = text if changed else f"Already so. {text}"
    _show(told.report(system, options.command, text=text) if options.json else text + "\n")
    return Exit.OK


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _complain(message: str, hint: str) -> None:
    words: List[str] = [f"ng2coreos: {message}", f"  {hint}"]
    sys.stderr.write("\n".join(words) + "\n")
