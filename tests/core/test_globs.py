"""Path patterns: what fits, and which of two fits better."""

import pytest

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
