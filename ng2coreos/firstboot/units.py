"""Probes of systemd: units, failed units, the end of the boot."""

from fnmatch import fnmatchcase
from typing import Dict, List, Sequence

from ng2coreos.firstboot.probe import Look, Params, Seen

_ENABLED = ("enabled", "enabled-runtime", "alias")
_BY_LINK = ("static", "indirect", "generated", "linked", "linked-runtime")


def unit_active(look: Look, params: Params) -> Seen:
    """unit-active{unit}: the unit is active."""
    unit = params.text("unit")
    shown = _show(look, unit, "LoadState", "ActiveState", "SubState", "Result")
    if shown.get("LoadState") != "loaded":
        return Seen(False, f"{unit} is {shown.get('LoadState') or 'unknown'}")
    words = f"{shown.get('ActiveState')} ({shown.get('SubState')})"
    if shown.get("ActiveState") == "active":
        return Seen(True, words)
    result = shown.get("Result", "")
    why = "" if result in ("", "success") else f", {result}"
    return Seen(False, f"{unit} is {words}{why}")


def unit_enabled(look: Look, params: Params) -> Seen:
    """unit-enabled{unit}: the unit is started at boot, by its own install section or by a link."""
    unit = params.text("unit")
    shown = _show(look, unit, "LoadState", "UnitFileState", "WantedBy", "RequiredBy", "TriggeredBy")
    state = shown.get("UnitFileState", "")
    pulled = [shown[k] for k in ("WantedBy", "RequiredBy", "TriggeredBy") if shown.get(k)]
    if state in _ENABLED or (state in _BY_LINK and pulled):
        return Seen(True, state)
    if shown.get("LoadState") == "not-found":
        return Seen(False, f"{unit} does not exist")
    return Seen(False, f"{unit} is {state or 'unknown'}" + (", and nothing wants it"
                                                            if state in _BY_LINK else ""))


def no_failed_units(look: Look, params: Params) -> Seen:
    """no-failed-units{allow}: no unit failed, but for the names (or globs) in allow."""
    bad = failed(look, params.texts("allow"))
    return Seen(False, "failed: " + ", ".join(bad)) if bad else Seen(True)


def boot_finished(look: Look, params: Params) -> Seen:
    """boot-finished{}: systemd has no start jobs left, so that every unit has had its chance."""
    del params
    state = look.run("systemctl", "is-system-running", ok=(0, 1)).stdout.strip()
    if state in ("running", "degraded"):
        return Seen(True, state)
    return Seen(False, f"the system is {state or 'in an unknown state'}" + _jobs(look))


def behind(look: Look, kind: str, params: Params) -> List[str]:
    """The units whose journal says why a check of that kind does not hold."""
    if kind == "no-failed-units":
        return failed(look, params.texts("allow"))
    if kind == "boot-finished":
        return waiting(look)
    unit = params.text("unit", "")
    return [unit] if unit else []


def failed(look: Look, allow: Sequence[str] = ()) -> List[str]:
    """The units that failed, but for the names (or globs) in `allow`."""
    listed = look.run("systemctl", "list-units", "--state=failed", "--all", "--full", "--plain",
                      "--no-legend", "--no-pager").stdout
    found = [line.split()[0] for line in listed.splitlines() if line.split()]
    return [unit for unit in found if not any(fnmatchcase(unit, glob) for glob in allow)]


def waiting(look: Look) -> List[str]:
    """The units whose start or stop goes on."""
    listed = look.run("systemctl", "list-jobs", "--full", "--plain", "--no-legend", "--no-pager",
                      ok=(0, 1)).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [row[1] for row in rows if len(row) > 3 and row[3] == "running"]


def _jobs(look: Look) -> str:
    running = waiting(look)
    return ", waits for " + ", ".join(running) if running else ""


def _show(look: Look, unit: str, *properties: str) -> Dict[str, str]:
    text = look.run("systemctl", "show", f"--property={','.join(properties)}", "--", unit).stdout
    return {key: value for key, _, value in (line.partition("=") for line in text.splitlines())}
