"""jobs: cron's tables as timers that systemd itself accepts, where the image has no cron."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, List, Sequence, Tuple

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.plan.written import text_of
from plugins.calendar import NotATime, calendar
from plugins.jobs import Jobs
from tests.fakes import FakeHost
from tests.plan.build import added, decided, file, found, host, ids, item, target

UNITS = "/etc/systemd/system/"


def with_jobs(*lines: str, path: str = "/etc/cron.d/site", user: str = "",
              scripts: Sequence[str] = (), **more: Any) -> HostFacts:
    facts = host(etc=(added(path),) if path.startswith("/etc/") else ())
    tables = [{"file": path, "user": user, "lines": list(lines)}] if lines else []
    mine = {"tables": tables, "scripts": list(scripts)}
    return replace(facts, plugins={**facts.plugins, "jobs": mine}, **more)


def unit(plan: Any, name: str) -> List[str]:
    return text_of(item(plan, UNITS + name)).splitlines()


TIMES: List[Tuple[str, Tuple[str, ...]]] = [
    ("* * * * *", ("*-*-* *:*:00",)),
    ("30 4 * * *", ("*-*-* 04:30:00",)),
    ("*/20 8-10 * * *", ("*-*-* 08,09,10:00,20,40:00",)),
    ("5/30 * * * *", ("*-*-* *:05,35:00",)),
    ("0 0 1,15 * *", ("*-*-01,15 00:00:00",)),
    ("0 0 * jan,3 *", ("*-01,03-* 00:00:00",)),
    ("0 0 * * 1-5", ("Mon,Tue,Wed,Thu,Fri *-*-* 00:00:00",)),
    ("0 0 * * 0", ("Sun *-*-* 00:00:00",)), ("0 0 * * 7", ("Sun *-*-* 00:00:00",)),
    ("0 0 * * Sat,sun", ("Sat,Sun *-*-* 00:00:00",)),
    ("0 0 */10 * 1", ("Mon *-*-01,11,21,31 00:00:00",)),
    ("0 0 13 * 5", ("*-*-13 00:00:00", "Fri *-*-* 00:00:00")),
    ("0 0 13 2 0-6", ("*-02-* 00:00:00",)), ("0 0 13 * 1-7", ("*-*-* 00:00:00",)),
    ("0 0 13 * *", ("*-*-13 00:00:00",)), ("0 0 */13 * 0-6", ("*-*-01,14,27 00:00:00",)),
    ("0 0 1-31 * 1", ("*-*-* 00:00:00", "Mon *-*-* 00:00:00"))]
SYSTEMD = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")


@pytest.mark.parametrize("words,wanted", TIMES)
def test_times_of_cron(words: str, wanted: Tuple[str, ...]) -> None:
    assert calendar(words) == wanted


@SYSTEMD
@pytest.mark.parametrize("one", sorted({one for _, times in TIMES for one in times}))
def test_systemd_reads_these_times(one: str) -> None:
    shown = subprocess.run(["systemd-analyze", "calendar", "--", one], text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    assert "Normalized form" in shown or "Next elapse" in shown


@pytest.mark.parametrize("words", [
    "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *",
    "*/0 * * * *", "5-1 * * * *", "1,,2 * * * *", "*/x * * * *"])
def test_what_is_no_time_is_refused(words: str) -> None:
    with pytest.raises(NotATime):
        calendar(words)


def test_reads_tables_without_comments_and_passwords(fake_host: FakeHost) -> None:
    fake_host.write("/etc/crontab", "# nothing\n\n")
    fake_host.write("/etc/cron.d/site", "PATH=/bin\n# job\n* * * * * root /bin/true\n")
    fake_host.write("/etc/cron.d/site.rpmsave", "* * * * * root /bin/false\n")
    fake_host.write("/etc/cron.hourly/vdsm-logrotate", "#!/bin/sh\n")
    fake_host.write("/var/spool/cron/admin", "@daily backup --password=hunter2\n")
    facts = Jobs().facts(fake_host)
    assert facts["tables"] == [
        {"file": "/etc/cron.d/site", "user": "",
         "lines": ["PATH=/bin", "* * * * * root /bin/true"]},
        {"file": "/var/spool/cron/admin", "user": "admin",
         "lines": ["@daily backup --password=***"]}]
    assert facts["scripts"] == ["/etc/cron.hourly/vdsm-logrotate"]


def test_a_loop_of_links_is_no_table(fake_host: FakeHost) -> None:
    fake_host.link("/etc/cron.d/loop", "loop")
    assert Jobs().facts(fake_host) == {"tables": [], "scripts": []}


def test_a_job_becomes_a_timer_and_a_service_of_its_user() -> None:
    plan = decided(with_jobs("SHELL=/bin/bash", "MAILTO=ops@example.org", 'NAME="a b"',
                             "30 4 * * 1 nobody echo \"$HOME\" 100\\% \\\\ >/dev/null"))
    name = "ng2coreos-cron-d-site-4"
    assert unit(plan, f"{name}.timer")[1:3] == ["[Timer]", "OnCalendar=Mon *-*-* 04:30:00"]
    assert unit(plan, f"{name}.service")[4:] == [
        "[Service]", "Type=exec", "KillMode=process", "User=nobody", "WorkingDirectory=-~",
        'Environment="NAME=a b"',
        'ExecStart=-/bin/bash -c "echo \\"$$HOME\\" 100%% \\\\\\\\ >/dev/null"']
    assert [(u.unit, u.links) for u in plan.units if "cron" in u.unit] == [
        (f"{name}.timer", (f"timers.target.wants/{name}.timer",))]
    assert found(plan, "N2C_JOBS_CONVERTED").resources == (f"unit:{name}.timer",)


@SYSTEMD
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    plan = decided(with_jobs("@reboot root /bin/true", "0 0 13 * 5 root /bin/echo '\"' $$ %%",
                             "*/5 * * * * root /bin/echo 50\\%"))
    names = [i.path for i in plan.items if i.path.startswith(UNITS)]
    assert len(names) == 4  # the one with % is left
    for path in names:
        (tmp_path / path[len(UNITS):]).write_text(text_of(item(plan, path)), "utf-8")
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no",
                              *(str(p) for p in tmp_path.glob("*.timer"))],
                             text=True, check=False, capture_output=True)
    assert str(tmp_path) not in checked.stderr, checked.stderr


def test_a_users_own_table_has_no_column_for_the_user() -> None:
    plan = decided(with_jobs("@daily run-it now", path="/var/spool/cron/admin", user="admin"))
    assert "User=admin" in unit(plan, "ng2coreos-cron-admin-1.service")
    assert "Type=exec" in unit(plan, "ng2coreos-cron-admin-1.service")
    assert "KillMode=process" in unit(plan, "ng2coreos-cron-admin-1.service")
    assert 'ExecStart=-/bin/sh -c "run-it now"' in unit(plan, "ng2coreos-cron-admin-1.service")


@pytest.mark.parametrize("path,user,name,mode", [
    ("/var/spool/cron/admin", "admin", "ng2coreos-cron-admin-1", 0o600),
    ("/etc/cron.d/site", "", "ng2coreos-cron-d-site-1", 0o644)])
def test_a_users_own_table_stays_private(path: str, user: str, name: str, mode: int) -> None:
    plan = decided(with_jobs("@daily root run-it now", path=path, user=user))
    assert [item(plan, f"{UNITS}{name}.{kind}").mode for kind in ("service", "timer")] == [mode] * 2


@pytest.mark.parametrize("line,why", [
    ("0 4 * * root", "is not a line of cron"), ("99 4 * * * root x", "not between 0 and 59"),
    ("\u00b2 4 * * * root x", "neither a number"),
    ("*/\u00b2 4 * * * root x", "step that is no number"),
    ("0 4 * * * root mail x%body", "feeds its command"),
    ("0 4 * * * root run --password=***", "seems to hold a password")])
def test_what_cannot_be_a_timer_is_named(line: str, why: str) -> None:
    plan = decided(with_jobs(line))
    assert why in found(plan, "N2C_JOBS_LEFT").evidence[0]
    assert [i for i in plan.items if i.path.startswith(UNITS)] == []


def test_files_of_like_names_keep_a_timer_each() -> None:
    names = ("/etc/cron.daily/a.b", "/etc/cron.daily/a-b")
    facts = replace(with_jobs(scripts=names), etc=tuple(added(n, file(mode=0o755)) for n in names))
    plan = decided(facts)
    assert {unit(plan, f"ng2coreos-daily-a-b{end}.service")[2] for end in ("", "_2")} == {
        f"Description={name}" for name in names}


@pytest.mark.parametrize("shell", ["+/bin/sh", "!/bin/sh", "-/bin/sh", "/bin/sh -x", "sh", "@/x"])
def test_no_user_becomes_root_by_a_shell_that_systemd_reads_otherwise(shell: str) -> None:
    plan = decided(with_jobs(f"SHELL={shell}", "@daily id", path="/var/spool/cron/bob",
                             user="bob"))
    assert [i for i in plan.items if i.path.startswith(UNITS)] == []
    assert "its SHELL is no path" in found(plan, "N2C_JOBS_LEFT").evidence[0]


def test_a_time_of_another_zone_is_told() -> None:
    plan = decided(with_jobs("CRON_TZ=Asia/Tokyo", "30 4 * * * root x"))
    assert [i for i in plan.items if i.path.startswith(UNITS)] == []
    assert "CRON_TZ" in found(plan, "N2C_JOBS_LEFT").evidence[0]


def test_an_image_with_cron_runs_the_tables_itself() -> None:
    image = target(units={**target().units, "crond.service": ("multi-user.target.wants",)})
    assert [i for i in decided(with_jobs("@daily root x"), image).items
            if i.path.startswith(UNITS)] == []


def test_tables_of_the_image_and_of_packages_are_not_ours() -> None:
    unchanged = replace(with_jobs("@daily root x"), etc=())
    assert ids(decided(unchanged)) == []
    assert ids(decided(with_jobs("@daily root x", path="/etc/cron.d/0hourly"))) == []


def test_scripts_of_cron_directories_run_unless_the_image_has_a_timer() -> None:
    names = ("daily/site-backup", "daily/logrotate", "daily/old.rpmsave", "hourly/of-both",
             "daily/of-ng-alone")
    facts = with_jobs(scripts=[f"/etc/cron.{name}" for name in names])
    facts = replace(facts, etc=(added("/etc/cron.daily/site-backup", file(mode=0o755)),
                                added("/etc/cron.daily/logrotate", file(mode=0o755)),
                                added("/etc/cron.daily/old.rpmsave", file(mode=0o755))))
    image = target(units={**target().units, "logrotate.timer": ()},
                   etc={path: file(mode=0o755) for path in (
                       "/etc/cron.hourly/of-both", "/etc/cron.hourly/of-the-image")})
    plan = decided(facts, image)
    assert sorted(u.unit for u in plan.units if u.unit.startswith("ng2coreos")) == [
        "ng2coreos-daily-site-backup.timer", "ng2coreos-hourly-of-both.timer"]
    assert "ExecStart=-/etc/cron.daily/site-backup" in unit(
        plan, "ng2coreos-daily-site-backup.service")
    assert "OnCalendar=daily" in unit(plan, "ng2coreos-daily-site-backup.timer")
