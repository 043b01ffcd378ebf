"""passwd and group."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ng2coreos.inventory import identities
from ng2coreos.model.facts import Group, User
from tests.fakes import FakeHost


def test_users_and_groups(fake_host: FakeHost) -> None:
    fake_host.write("/etc/passwd", "root:x:0:0:Super: /root:/bin/bash\n".replace(": /", ":/")
                    + "# comment\n+nis::::::\nshort:x:1\nbad:x:one:1:::\n:x:1:1:::\n"
                    + "a:x:5:6:G,,:/home/a:\na:x:7:7:second:/:/bin/sh\nbig:x:4294967296:1:::\n")
    fake_host.write("/etc/group", "root:x:0:\nkvm:x:36:qemu,,sanlock\nbad:x:\nworse:x:-1:\n")
    assert identities.users(fake_host) == (
        User("root", 0, 0, "Super", "/root", "/bin/bash"), User("a", 5, 6, "G,,", "/home/a", ""))
    assert identities.groups(fake_host) == (Group("root", 0), Group("kvm", 36, ("qemu", "sanlock")))


def test_who_has_a_password_that_can_be_typed(fake_host: FakeHost) -> None:
    names = ("sha", "des", "empty", "locked", "none", "never", "missing")
    fake_host.write("/etc/passwd", "".join(f"{n}:x:5:5::/:/bin/sh\n" for n in names))
    fake_host.write("/etc/shadow", "sha:$6$a$b:1:0:99999:7:::\ndes:abJnggxhB/yWI:1::::::\n"
                    "empty::1::::::\nlocked:!$6$a$b:1::::::\nnone:!!:1::::::\nnever:*:1::::::\n\n")
    found = {user.name: user.hashed for user in identities.users(fake_host, shadow="/etc/shadow")}
    assert found == {**dict.fromkeys(names, False), "sha": True, "des": True}
    assert not any(user.hashed for user in identities.users(fake_host))


def test_no_files_no_identities(fake_host: FakeHost) -> None:
    assert (identities.users(fake_host), identities.groups(fake_host)) == ((), ())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300) | st.lists(st.text(":x\n²1", max_size=20)).map(
    lambda lines: "\n".join(lines).encode()))
def test_anything_is_survived(fake_host: FakeHost, content: bytes) -> None:
    fake_host.write("/etc/passwd", content)
    fake_host.write("/etc/group", content)
    fake_host.write("/etc/shadow", content)
    identities.users(fake_host, shadow="/etc/shadow")
    identities.groups(fake_host)
