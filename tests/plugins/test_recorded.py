"""Plug-ins that look at files only, on the recorded hosts: they read them, and stop nobody."""

from dataclasses import replace
from pathlib import Path

import pytest

from ng2coreos.model.finding import Kind
from ng2coreos.plan import load_plugins
from tests import recorded
from tests.plan.build import decided

# The others ask programs (kdump and ssh one each), for which each has tests of its own
FILES_ONLY = ("containers", "firewall", "identity", "jobs", "kdump", "logging", "packages",
              "remarks", "renewals", "selinux", "services", "ssh", "time", "users")


@pytest.mark.parametrize("name", recorded.names())
def test_a_recorded_host_is_not_stopped_by_them(name: str, tmp_path: Path) -> None:
    plugins = [plugin for plugin in load_plugins() if plugin.id in FILES_ONLY]
    assert sorted(plugin.id for plugin in plugins) == sorted(FILES_ONLY)
    facts, tree = recorded.facts(name), recorded.host(name, tmp_path)
    tree.on("systemctl", "is-active", "kdump.service", stdout="active\n")
    tree.on("/usr/sbin/sshd", "-T", ..., stdout="permitrootlogin yes\nusepam yes\n")
    before = {f.id for f in decided(facts).findings}
    seen = {plugin.id: plugin.facts(tree) for plugin in plugins}
    plan = decided(replace(facts, plugins={**facts.plugins, **seen}))
    stops = [f.id for f in plan.findings if f.id not in before
             and f.kind in (Kind.INHIBITOR, Kind.OVERRIDABLE)]
    assert stops == []
    assert len(plan.findings) > len(before), "they saw something"
