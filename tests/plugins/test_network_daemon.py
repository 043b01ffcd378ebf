"""NetworkManager's own settings: what the target's daemon is told, and what it cannot be told."""

from dataclasses import replace
from typing import Any

from ng2coreos.model.facts import Package
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.network import Network
from tests.fakes import FakeHost
from tests.plan.build import added, changed, decided, file, found, host, ids, item, target

TOP = "/etc/NetworkManager"
MAIN = f"{TOP}/NetworkManager.conf"
OURS = f"{TOP}/conf.d/00-ng2coreos.conf"
SERVER = f"{TOP}/conf.d/00-ng2coreos-server.conf"


def plan(fake_host: FakeHost, *etc: Any, image: Any = None) -> Any:
    fake_host.on("ip", ..., missing=True)
    said = Network().facts(fake_host)
    facts = host()
    network = {**facts.plugins["network"], "daemon": said["daemon"]}
    return decided(replace(facts, etc=etc, plugins={**facts.plugins, "network": network}), image)


def test_the_admins_main_file_becomes_a_drop_in(fake_host: FakeHost) -> None:
    fake_host.write(MAIN, "# edited\n[main]\nplugins = ifcfg-rh,keyfile\ndns=none\n\n"
                          "[keyfile]\nunmanaged-devices=interface-name:em9\n")
    made = plan(fake_host, changed(MAIN))
    one = item(made, OURS)
    assert one.outcome is Outcome.CONVERTED and one.source == MAIN
    assert text_of(one) == ("# edited\n[main]\ndns=none\n\n"
                            "[keyfile]\nunmanaged-devices=interface-name:em9\n")
    assert found(made, "N2C_NET_NM_CONF").evidence == (
        f"{MAIN}:3: plugins = ifcfg-rh,keyfile",)


def test_a_main_file_that_nobody_changed_or_that_says_nothing_stays(fake_host: FakeHost) -> None:
    fake_host.write(MAIN, "[main]\ndns=none\n")
    assert OURS not in [i.path for i in plan(fake_host).items]
    other = FakeHost(fake_host.path("/other"))
    other.write(MAIN, "[main]\nplugins=ifcfg-rh\n# dns=none\n")
    assert OURS not in [i.path for i in plan(other, changed(MAIN)).items]


def test_drop_ins_lose_only_what_is_gone(fake_host: FakeHost) -> None:
    text = "[main]\ndhcp=dhclient\nno-auto-default=*\n[device]\ndhcp=dhclient\n"
    fake_host.write(f"{TOP}/conf.d/50-site.conf", text)
    fake_host.write(f"{TOP}/conf.d/60-good.conf", "[main]\ndhcp=internal\nplugins=keyfile\n")
    good = added(f"{TOP}/conf.d/60-good.conf", file())
    made = plan(fake_host, added(f"{TOP}/conf.d/50-site.conf", file()), good)
    one = item(made, f"{TOP}/conf.d/50-site.conf")
    assert one.outcome is Outcome.CONVERTED
    assert text_of(one) == "[main]\nno-auto-default=*\n[device]\ndhcp=dhclient\n"
    assert item(made, good.path).outcome is Outcome.CARRIED
    assert found(made, "N2C_NET_NM_CONF").evidence == (
        f"{TOP}/conf.d/50-site.conf:2: dhcp=dhclient",)


def test_cards_without_a_connection_stay_without_an_address(fake_host: FakeHost) -> None:
    fake_host.write("/usr/lib/NetworkManager/conf.d/00-server.conf", "[main]\n")
    made = plan(fake_host)
    assert "no-auto-default=*\n" in text_of(item(made, SERVER))
    assert "N2C_NET_NM_CONF" not in ids(made)
    other = FakeHost(fake_host.path("/other"))
    assert SERVER not in [i.path for i in plan(other).items]
    image = target(packages=(Package("NetworkManager-config-server", 1, "1.54", "1", "noarch"),))
    assert SERVER not in [i.path for i in plan(fake_host, image=image).items]


def test_a_link_to_nothing_says_nothing(fake_host: FakeHost) -> None:
    fake_host.link(f"{TOP}/conf.d/20-gone.conf", "/nowhere")
    assert not [i for i in plan(fake_host).items if i.path.endswith("20-gone.conf")]
