"""jobs: where the image has no cron, each cron job of the host becomes a timer."""

import posixpath
import re
import stat
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.core.redact import HIDDEN, redact_text
from ng2coreos.model.facts import Difference, HostFacts
from ng2coreos.model.item import Item
from ng2coreos.model.plan import UnitState
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.written import written

from .calendar import NotATime, calendar

CRON = ("crond.service", "cron.service")
TABLES = "/etc/cron.d"
CRONTAB = "/etc/crontab"
SPOOL = "/var/spool/cron"
PERIODS = ("hourly", "daily", "weekly", "monthly")
OTHERS = ("0hourly", "raid-check", "sysstat")  # packages' own, for which the image has timers
NAMED = {"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
         "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
         "@hourly": "0 * * * *"}
DIRECTORY = "/etc/systemd/system/"
_VARIABLE = re.compile(r"^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$")
_SKIPPED = re.compile(r"[~,]$|\.rpm(save|new|orig)$|\.(swp|cfsaved)$|^\.")  # run-parts(4)
_UNFIT = re.compile(r"[^A-Za-z0-9_]+")
# Any user chooses one in a table of his own; systemd reads signs before it ("+": as root, whatever
# User= says) and words behind it
_SHELL = re.compile(r"/[A-Za-z0-9_./-]+")
Made = Tuple[str, str, str, int]  # name, service, timer, and the mode of both files
PUBLIC, PRIVATE = 0o644, 0o600  # as NG's tables: a user's own is nobody else's to read
_WHY = "A cron job of NG, for an image without cron."


@dataclass(frozen=True)
class Job:
    """A line of a table. `when`: its time in the words of cron, or @reboot."""

    name: str
    file: str
    when: str
    user: str
    command: str
    environment: Tuple[Tuple[str, str], ...] = ()


class Jobs:
    """Facts: the tables of cron, and the scripts that run hourly to monthly."""

    id = "jobs"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Lines without comments and passwords. A user's own table names no user in its lines."""
        tables = [(CRONTAB, "")]
        tables += [(f"{TABLES}/{n}", "") for n in host.names(TABLES) if not _SKIPPED.search(n)]
        tables += [(f"{SPOOL}/{n}", n) for n in host.names(SPOOL) if not _SKIPPED.search(n)]
        found = []
        for path, user in tables:
            st = host.lstat(path)  # cron takes no links either
            lines = host.read_text(path, default="").splitlines() if (
                st is not None and stat.S_ISREG(st.st_mode)) else []
            rows = [redact_text(line.strip()) for line in lines
                    if line.strip() and not line.lstrip().startswith("#")]
            if rows:
                found.append({"file": path, "user": user, "lines": rows})
        return {"tables": found,
                "scripts": [f"/etc/cron.{period}/{name}" for period in PERIODS
                            for name in host.names(f"/etc/cron.{period}")]}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A service and a timer for each job, unless the image has cron itself."""
        known = {*target.units, *target.enabled_units}
        if not mine or known & set(CRON):
            return Contribution()
        changed = {c.path for c in facts.etc if c.difference is not Difference.DELETED
                   and c.host is not None and c.host.kind == "file"}
        left: List[str] = []
        items: List[Item] = []
        units: List[UnitState] = []
        jobs: List[Job] = []
        for table in mine["tables"]:
            path = table["file"]
            if posixpath.basename(path) not in OTHERS and (
                    path in changed or path.startswith(SPOOL)):
                jobs += _jobs(path, table["user"], table["lines"], left)
        made = _apart([*_timers(jobs, left), *_scripts(mine["scripts"], changed, target)])
        for name, service, timer, mode in made:
            items += [written(DIRECTORY + name + ".service", service, _WHY, self.id, mode=mode),
                      written(DIRECTORY + name + ".timer", timer, _WHY, self.id, mode=mode)]
            units.append(UnitState(f"{name}.timer", "enable",
                                   (f"timers.target.wants/{name}.timer",), _WHY))
        found = []
        if made:
            found.append(finding("N2C_JOBS_CONVERTED", [f"unit:{n}.timer" for n, *_ in made],
                                 count=len(made)))
        if left:
            found.append(finding("N2C_JOBS_LEFT", evidence=left, count=len(left)))
        return Contribution(findings=tuple(found), items=tuple(items), units=tuple(units))


PLUGIN = Jobs


def _jobs(path: str, user: str, lines: Sequence[str], left: List[str]) -> List[Job]:
    environment: Dict[str, str] = {}
    found: List[Job] = []
    stem = _UNFIT.sub("-", path.strip("/").replace("etc/", "").replace("var/spool/", ""))
    for number, line in enumerate(lines, 1):
        variable = _VARIABLE.match(line)
        if variable:
            environment[variable.group(1)] = variable.group(2).strip("\"'")
            continue
        fields = 1 if line.startswith("@") else 5
        words = line.split(None, fields + (0 if user else 1))
        if len(words) != fields + (1 if user else 2):
            left.append(f"{path}, job {number}: is not a line of cron")
            continue
        owner = user or words[fields]
        found.append(Job(f"ng2coreos-{stem}-{number}", path, " ".join(words[:fields]), owner,
                         words[-1], tuple(environment.items())))
    return found


def _timers(jobs: Sequence[Job], left: List[str]) -> List[Made]:
    """The units of each job that can be one; the others are named in `left`."""
    found = []
    for job in jobs:
        place = f"{job.file}, at {job.when}"
        command = _unescaped(job.command)
        try:
            when = _when(job.when)
        except NotATime as error:
            left.append(f"{place}: {error}")
            continue
        if command is None:
            left.append(f"{place}: it feeds its command through %, which a unit cannot")
        elif HIDDEN in command or any(HIDDEN in value for _, value in job.environment):
            left.append(f"{place}: it seems to hold a password, which a unit would show")
        elif not _SHELL.fullmatch(dict(job.environment).get("SHELL", "/bin/sh")):
            left.append(f"{place}: its SHELL is no path")
        elif "CRON_TZ" in dict(job.environment):
            left.append(f"{place}: that time is one of CRON_TZ, another zone than the system's")
        else:
            mode = PRIVATE if job.file.startswith(SPOOL) else PUBLIC
            found.append((job.name, _service(job, command), _timer(job.when, when), mode))
    return found


def _apart(made: Sequence[Made]) -> List[Made]:
    """The same with each name once: those of the files a.b and a-b are alike."""
    seen: Dict[str, int] = {}
    found = []
    for name, service, timer, mode in made:
        seen[name] = seen.get(name, 0) + 1
        found.append((f"{name}_{seen[name]}" if seen[name] > 1 else name, service, timer,
                      mode))
    return found


def _when(words: str) -> Tuple[str, ...]:
    if words == "@reboot":
        return ("OnBootSec=1min",)
    return tuple(f"OnCalendar={one}" for one in calendar(NAMED.get(words, words)))


def _unescaped(command: str) -> Optional[str]:
    """The command as the shell gets it; None if cron would cut it at a % that is not escaped."""
    if re.search(r"(?<!\\)%", command):
        return None
    return command.replace("\\%", "%")


def _service(job: Job, command: str) -> str:
    """The unit. As with cron, a job that ends badly (a test that says no) is no failure of the
    system, which would not be confirmed with a failed unit: so there is a "-".  Nor does a long
    one hold up the end of the boot (exec), and what it leaves in the background lives on.
    """
    environment = dict(job.environment)
    shell = environment.pop("SHELL", "/bin/sh")
    environment.pop("MAILTO", None)  # what the job says is in the journal
    lines = [f"# Written by ng2coreos from {job.file}.", "[Unit]",
             f"Description=Cron job of {job.user} from {job.file}", "", "[Service]",
             "Type=exec", "KillMode=process", f"User={job.user}", "WorkingDirectory=-~"]
    lines += [f'Environment="{name}={_quoted(value)}"' for name, value in environment.items()]
    lines.append(f'ExecStart=-{shell} -c "{_quoted(command).replace("$", "$$")}"')
    return "\n".join(lines) + "\n"


def _timer(words: str, when: Sequence[str]) -> str:
    return "\n".join([f"# Written by ng2coreos: {words}", "[Timer]", *when, "AccuracySec=1s", "",
                      "[Install]", "WantedBy=timers.target"]) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _scripts(ours: Sequence[str], changed: Set[str],
             target: TargetFacts) -> List[Made]:
    """Scripts of cron.hourly and so on that NG ran and the new system has, but no timer for."""
    found = []
    for period in PERIODS:
        directory = f"/etc/cron.{period}/"
        names = sorted(path[len(directory):] for path in ours if path.startswith(directory)
                       and (path in changed or path in target.etc))
        for name in names:
            if "/" in name or _SKIPPED.search(name) or f"{name}.timer" in target.units:
                continue
            service = (f"# Written by ng2coreos.\n[Unit]\nDescription={directory}{name}\n"
                       f"ConditionFileIsExecutable={directory}{name}\n\n"
                       f"[Service]\nType=exec\nKillMode=process\nExecStart=-{directory}{name}\n")
            timer = (f"# Written by ng2coreos.\n[Timer]\nOnCalendar={period}\nPersistent=true\n"
                     "RandomizedDelaySec=5min\n\n[Install]\nWantedBy=timers.target\n")
            found.append((f"ng2coreos-{period}-{_UNFIT.sub('-', name)}", service, timer,
                          PUBLIC))
    return found
