"""What a report shows of a conflict: both sides, bounded, and no secret."""

import pytest

from ng2coreos.core.host import Host
from ng2coreos.inventory.sides import compared
from ng2coreos.model.sides import Sides
from ng2coreos.plan.merge_shown import LINES, WIDTH, hide, secretive, shown

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIcanary1\ncanary2==\n-----END RSA PRIVATE KEY-----\n"


def text(ours: str, factory: str, theirs: str) -> str:
    """What is shown, differences by the real diff."""
    return "\n".join(shown(compared(Host(), Sides(ours, factory, theirs))))


def test_both_sides_are_shown() -> None:
    lines = text("a\nours\n", "a\nold\n", "a\ntheirs\n").split("\n")
    first, second = lines.index("NG changed:"), lines.index("The target changed:")
    assert first < lines.index("+ours") < second < lines.index("+theirs")
    assert lines.count("-old") == 2


def test_without_a_common_version_one_difference_is_shown() -> None:
    lines = shown(compared(Host(), Sides("ours\n", None, "theirs\n")))
    assert lines[0] == "From the target's to NG's:" and {"-theirs", "+ours"} <= set(lines)


def test_a_line_that_starts_with_dashes_is_no_head_of_a_difference() -> None:
    assert "--- x" in text("a\n", "a\n-- x\n", "b\n")


def test_what_is_shown_is_bounded() -> None:
    lines = text("x" * 10_000 + "\n" + "y\n" * 1000, "a\n", "b\n").split("\n")
    assert len(lines) < 2 * LINES and max(map(len, lines)) <= WIDTH + 3
    assert any(line.endswith("lines more") for line in lines)


@pytest.mark.parametrize("line", [
    "password = canary", "+password: canary", "-  bindpw_password canary", "rocommunity canary",
    "ldap_default_authtok = canary", "psk=canary", "+wpa-psk canary x", "PrivateKey = canary",
    "url = https://user:canary@host/", "PASSWORD='canary'", "token canary", "api_key: canary",
    "user $6$abcdefgh$canarycanary", "secret=/canary@x", "x canary0canary0canary0canary0canary0",
    '"password": "canary",', "credentials=user%canary", "DEFAULT_KEY=canary"])
def test_secrets_are_hidden(line: str) -> None:
    assert "canary" not in hide(line) and "***" in hide(line)
    assert "canary" not in text(f"a\n{line}\n", "a\n", f"a\n{line}2\n")
    assert secretive(f"a\n{line}\n")


@pytest.mark.parametrize("line", [
    "PasswordAuthentication no", "server ntp.example.org iburst", "keyfile /etc/chrony.keys",
    "ssl_key = /etc/pki/key.pem", "vm.swappiness = 10", "log_level = DEBUG",
    "/usr/share/zoneinfo/Europe/Berlin/and/further/on", "max-token-age 300", ""])
def test_what_is_harmless_is_shown(line: str) -> None:
    assert hide(line) == line and not secretive(line)


def test_private_keys_are_hidden_line_by_line() -> None:
    seen = text(f"a\n{PEM}b\n", "a\nb\n", "a\nb\nc\n")
    assert "canary" not in seen and "+***" in seen and "BEGIN" not in seen
    part = text(f"{PEM.replace('canary2', 'canary3')}", PEM, PEM + "x\n")
    assert "canary" not in part
    assert secretive(PEM)


def test_a_very_long_line_is_looked_at_quickly_and_cut() -> None:
    line = "pass" * 100_000
    assert len(hide(line)) <= 1000 and secretive(line)
