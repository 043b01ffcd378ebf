"""time: no word in chrony.conf stops chronyd, and ntpd's servers become chrony's."""

from dataclasses import replace
from typing import Any, List, Sequence

import pytest

from ng2coreos.model.facts import HostFacts, Service
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.time import Time, from_ntp
from tests.fakes import FakeHost
from tests.plan.build import added, changed, decided, found, host, ids, item, target

CHRONY, NTP = "/etc/chrony.conf", "/etc/ntp.conf"
NTPD = Service("ntpd.service", "enabled", ("multi-user.target.wants",))
IMAGE = target(units={**target().units, "chronyd.service": ("multi-user.target.wants",)})


def with_time(chrony: Sequence[str] = (), ntp: Sequence[str] = (), **more: Any) -> HostFacts:
    facts = host(**more)
    mine = {"chrony": list(chrony), "ntp": list(ntp)}
    return replace(facts, plugins={**facts.plugins, "time": mine})


def lines(plan: Any) -> List[str]:
    return text_of(item(plan, CHRONY)).splitlines()[1:]


def test_reads_lines_without_comments(fake_host: FakeHost) -> None:
    fake_host.write(CHRONY, "# a\n! b\n; c\n% d\n\n  server  x  iburst\n")
    assert Time().facts(fake_host) == {"chrony": ["server x iburst"], "ntp": []}


def test_words_that_stop_chronyd_are_left_out_and_named() -> None:
    facts = with_time(["server ntp.example.org iburst", "generatecommandkey", "commandkey 1"],
                      etc=(changed(CHRONY),))
    plan = decided(facts)
    assert lines(plan) == ["server ntp.example.org iburst"]
    assert item(plan, CHRONY).outcome is Outcome.CONVERTED
    assert found(plan, "N2C_TIME_CHRONY").evidence == ("generatecommandkey", "commandkey 1")


def test_a_file_without_them_is_carried_as_it_is() -> None:
    plan = decided(with_time(["server ntp.example.org iburst"], etc=(changed(CHRONY),)))
    assert item(plan, CHRONY).outcome is Outcome.CARRIED
    assert ids(plan) == []


def test_the_images_own_file_is_not_ours() -> None:
    assert [i for i in decided(with_time(["commandkey 1"])).items if i.path == CHRONY] == []


@pytest.mark.parametrize("line,wanted", [
    ("server ntp.example.org iburst minpoll 4 maxpoll 6 prefer version 4",
     "server ntp.example.org iburst minpoll 4 maxpoll 6 prefer"),
    ("pool 2.example.pool.ntp.org", "pool 2.example.pool.ntp.org"),
    ("server -4 192.0.2.1", "server 192.0.2.1"), ("peer ntp2.example.org", "peer ntp2.example.org"),
    ("restrict 192.0.2.0 mask 255.255.254.0 nomodify", "allow 192.0.2.0/23"),
    ("restrict -6 2001:db8:: mask ffff:ffff:: nomodify", "allow 2001:db8::/32"),
    ("server 127.127.1.0", "local stratum 10")])
def test_each_line_of_ntpd_has_one_of_chrony(line: str, wanted: str) -> None:
    assert from_ntp([line]) == ([wanted], [])


@pytest.mark.parametrize("line,wanted", [
    ("server a minpoll", "server a"), ("server a minpoll iburst maxpoll 6",
                                       "server a iburst maxpoll 6"), ("peer a key", "peer a")])
def test_an_option_without_its_number_would_end_chronyd(line: str, wanted: str) -> None:
    word = "key" if "key" in line else "minpoll"
    assert from_ntp([line]) == ([wanted], [f"{line}: {word} says no number"])


def test_the_stratum_of_the_local_clock_is_kept() -> None:
    assert from_ntp(["server 127.127.1.0", "fudge 127.127.1.0 stratum 7"])[0] == ["local stratum 7"]


@pytest.mark.parametrize("line", ["server 127.127.20.0", "broadcastclient", "server a key 3",
                                  "restrict default mask 0.0.0.0 nomodify",
                                  "restrict host.example.org mask 255.255.255.0",
                                  "restrict 192.0.2.0 mask ffff"])
def test_what_chrony_says_otherwise_is_named(line: str) -> None:
    assert line in from_ntp([line])[1][0]


@pytest.mark.parametrize("line", ["driftfile /var/lib/ntp/drift",
                                  "restrict 192.0.2.0 mask 255.255.255.0 ignore",
                                  "restrict default nomodify",
                                  "includefile /etc/ntp/crypto/pw"])
def test_what_chrony_has_by_itself_is_silent(line: str) -> None:
    assert from_ntp([line]) == ([], [])


def test_a_host_with_ntpd_gets_chrony() -> None:
    facts = with_time(ntp=["server ntp.example.org"], services=(NTPD,), etc=(added(NTP),))
    plan = decided(facts, IMAGE)
    assert lines(plan)[0] == "server ntp.example.org"
    assert item(plan, NTP).outcome is Outcome.DROPPED
    assert [u.unit for u in plan.units] == ["chronyd.service"]


def test_a_reference_clock_is_told() -> None:
    facts = with_time(ntp=["server 127.127.20.0"], services=(NTPD,), etc=(added(NTP),))
    assert found(decided(facts, IMAGE), "N2C_TIME_NTP").evidence == ("server 127.127.20.0",)
