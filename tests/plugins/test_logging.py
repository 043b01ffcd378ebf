"""logging: an image without rsyslog is no matter, unless logs were sent away by it."""

from dataclasses import replace
from typing import Any, Sequence

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Kind
from plugins.logging import Logging, forwards
from tests.fakes import FakeHost
from tests.plan.build import added, decided, found, host, ids, target

SITE = "/etc/rsyslog.d/site.conf"


def with_rsyslog(forwarding: Sequence[str] = (), **more: Any) -> HostFacts:
    facts = host(**more)
    return replace(facts, plugins={**facts.plugins, "logging": {"forwarding": list(forwarding)}})


@pytest.mark.parametrize("text,away", [
    ("*.* @@logs.example.org:6514", True), ("auth.* @192.0.2.9", True),
    ("*.* :omrelp:logs.example.org:2514", True),
    ('*.* action(type="omfwd" target="logs.example.org")', True),
    ('action(name="es" type = "omelasticsearch")', True),
    ("# *.* @@logs.example.org", False), ("*.info /var/log/messages", False),
    ("mail.* root@example.org", False), ('module(load="imfile")', False)])
def test_what_sends_logs_away(text: str, away: bool) -> None:
    assert forwards(text) is away


def test_reads_names_of_files_only(fake_host: FakeHost) -> None:
    fake_host.write(SITE, "*.* @@logs.example.org\n")
    fake_host.write("/etc/rsyslog.d/local.conf", "*.info /var/log/x\n")
    assert Logging().facts(fake_host) == {"forwarding": [SITE]}


def test_forwarding_without_rsyslog_in_the_image_stops_the_run() -> None:
    one = found(decided(with_rsyslog([SITE], etc=(added(SITE),))), "N2C_LOG_RSYSLOG")
    assert (one.kind, one.resources, one.evidence) == (
        Kind.OVERRIDABLE, (f"file:{SITE}",), (f"{SITE} sends logs away",))


def test_other_settings_are_a_note() -> None:
    assert found(decided(with_rsyslog(etc=(added(SITE),))), "N2C_LOG_RSYSLOG").kind is Kind.INFO


def test_an_image_with_rsyslog_or_a_host_that_left_it_alone_needs_no_word() -> None:
    image = target(units={**target().units, "rsyslog.service": ("multi-user.target.wants",)})
    assert ids(decided(with_rsyslog([SITE], etc=(added(SITE),)), image)) == []
    assert ids(decided(with_rsyslog())) == []
