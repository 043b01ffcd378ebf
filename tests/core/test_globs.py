"""Path patterns: what fits, and which of two fits better."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.core import globs


@pytest.mark.parametrize("pattern,path", [
    ("/etc/hosts", "/etc/hosts"),
    ("/etc/ssh/ssh_host_*_key", "/etc/ssh/ssh_host_rsa_key"),
    ("/etc/pki/**", "/etc/pki/vdsm/keys/vdsmkey.pem"),
    ("/etc/pki/**", "/etc/pki"),
    ("/etc/ovirt-node-<kind>-release", "/etc/ovirt-node-image-release"),
    ("/etc/**/keys", "/etc/a/b/keys"),
    ("/var/lib/netconf.<x>/nets", "/var/lib/netconf.ab12cd34/nets"),
    ("/etc/a?c", "/etc/abc"),
    ("/etc/a.b+c(d)", "/etc/a.b+c(d)"),
    ("/etc/odd", "/etc/odd"),
])
def test_fits(pattern: str, path: str) -> None:
    assert globs.matches(pattern, path)


@pytest.mark.parametrize("pattern,path", [
    ("/etc/hosts", "/etc/hosts.allow"),
    ("/etc/*", "/etc/ssh/sshd_config"),
    ("/etc/pki/**", "/etc/pkix"),
    ("/etc/<x>/keys", "/etc/a/b/keys"),
    ("/etc/a.c", "/etc/abc"),
    ("/etc/hosts", "/etc/hosts\n"),
    ("/etc/a?c", "/etc/a/c"),
])
def test_does_not_fit(pattern: str, path: str) -> None:
    assert not globs.matches(pattern, path)


def test_a_literal_path_beats_a_pattern_and_a_longer_start_a_shorter() -> None:
    patterns = ["/etc/**", "/etc/sysctl.d/*.conf", "/etc/sysctl.d/vdsm.conf", "/etc/sysctl.d/*"]
    ranked = sorted(patterns, key=globs.specificity)
    assert ranked == ["/etc/**", "/etc/sysctl.d/*", "/etc/sysctl.d/*.conf",
                      "/etc/sysctl.d/vdsm.conf"]


@cache
def plainly(pattern: str, path: str) -> bool:
    """The meaning of a pattern of the pieces below, by trying everything."""
    if pattern == "/**" and (not path or path[0] == "/"):
        return True
    if not pattern:
        return not path
    if pattern.startswith("**"):
        return any(plainly(pattern[2:], path[skip:]) for skip in range(len(path) + 1))
    if pattern.startswith(("*", "<x>")):
        least, rest = (0, pattern[1:]) if pattern[0] == "*" else (1, pattern[3:])
        name = len(path.partition("/")[0])
        return any(plainly(rest, path[skip:]) for skip in range(least, name + 1))
    fits = bool(path) and (path[0] != "/" if pattern[0] == "?" else path[0] == pattern[0])
    return fits and plainly(pattern[1:], path[1:])


@given(st.lists(st.sampled_from(["a", "b", "/", "*", "**", "?", "<x>", "/**"]), max_size=8)
       .map("".join).filter(lambda pattern: "***" not in pattern),
       st.text("ab/", max_size=10))
def test_a_pattern_means_what_it_says(pattern: str, path: str) -> None:
    assert globs.matches(pattern, path) is plainly(pattern, path)


@pytest.mark.parametrize("pattern,path", [
    ("/" + "*a" * 500 + "b", "/" + "a" * 4000),
    ("/" + "**a" * 500 + "b", "/" + "a" * 4000),
    ("/" + "*" * 500 + "b", "/" + "*" * 4000),
    ("/" + "<x>" * 500 + "/", "/" + "a" * 4000),
    ("/" + "**a*b" * 300 + "c", "/ab" * 1300),
])
def test_no_pattern_takes_for_ever(pattern: str, path: str) -> None:
    assert not globs.matches(pattern, path)
