"""Where a package came from, by what dnf and yum wrote down about it."""

import sqlite3
from contextlib import closing
from typing import Iterable, Tuple

import pytest

from ng2coreos.inventory import origins
from ng2coreos.model.facts import Package
from tests.fakes import FakeHost, snapshot

# The part of libdnf's schema (libdnf/transaction/sql) that is asked for
SCHEMA = """
CREATE TABLE repo (id INTEGER PRIMARY KEY, repoid TEXT NOT NULL);
CREATE TABLE item (id INTEGER PRIMARY KEY, item_type INTEGER NOT NULL);
CREATE TABLE trans_item (id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER,
 item_id INTEGER REFERENCES item(id), repo_id INTEGER REFERENCES repo(id), action INTEGER NOT NULL,
 reason INTEGER NOT NULL, state INTEGER NOT NULL);
CREATE TABLE rpm (item_id INTEGER UNIQUE NOT NULL, name TEXT NOT NULL, epoch INTEGER NOT NULL,
 version TEXT NOT NULL, release TEXT NOT NULL, arch TEXT NOT NULL);
"""


def package(name: str) -> Package:
    return Package(name, 0, "1", "2.el9", "x86_64")


def history(host: FakeHost, rows: Iterable[Tuple[str, str]]) -> None:
    """A history of dnf's: each row a package and the repository that it came from."""
    host.write(origins.DNF, b"")
    with closing(sqlite3.connect(str(host.path(origins.DNF)))) as db:
        db.executescript(SCHEMA)
        for number, (name, repository) in enumerate(rows):
            db.execute("INSERT INTO repo VALUES (?, ?)", (number, repository))
            db.execute("INSERT INTO item VALUES (?, 1)", (number,))
            db.execute("INSERT INTO rpm VALUES (?, ?, 0, ?, '2.el9', 'x86_64')",
                       (number, name, str(number)))
            db.execute("INSERT INTO trans_item (trans_id, item_id, repo_id, action, reason, state)"
                       " VALUES (1, ?, ?, 1, 2, 1)", (number, number))
        db.commit()


def test_the_last_repository_that_dnf_installed_it_from(fake_host: FakeHost) -> None:
    history(fake_host, [("htop", "epel-testing"), ("bash", "anaconda"), ("htop", "epel"),
                        ("htop", "@System"), ("tmux", "@commandline")])
    before = snapshot(fake_host.root)
    assert origins.read(fake_host, [package("htop"), package("tmux"), package("jq")]) == {
        "htop": "epel"}
    assert snapshot(fake_host.root) == before


def test_yum_keeps_it_in_a_file(fake_host: FakeHost) -> None:
    digest = "0a" * 20
    fake_host.write(f"{origins.YUM}/h/{digest}-htop-1-2.el9-x86_64/from_repo", "epel\n")
    fake_host.write(f"{origins.YUM}/h/{digest}-h-htop-1-2.el9-x86_64/from_repo", "another")
    fake_host.write(f"{origins.YUM}/t/{digest}-tmux-0-2.el9-x86_64/from_repo", "older")
    fake_host.write(f"{origins.YUM}/j/{digest}-jq-1-2.el9-x86_64/reason", "user")
    fake_host.write(f"{origins.YUM}/l/{digest}-lsof-1-2.el9-x86_64/from_repo/no-file", "")
    assert origins.read(fake_host, [package(n) for n in ("htop", "tmux", "jq", "lsof")]) == {
        "htop": "epel"}


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_history_that_cannot_be_read_tells_nothing(fake_host: FakeHost, data: bytes) -> None:
    fake_host.write(origins.DNF, data)
    assert origins.read(fake_host, [package("htop")]) == {}


def test_without_a_history_nothing_is_known(fake_host: FakeHost) -> None:
    assert origins.read(fake_host, [package("htop")]) == {}
