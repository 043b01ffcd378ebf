"""users: subordinate ids travel with their accounts, and no hash is a fact."""

import base64
import json
from dataclasses import replace

from plugins.users import Users
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, item


def test_reads_subordinate_ids_and_who_has_no_password(fake_host: FakeHost) -> None:
    fake_host.write("/etc/subuid", "admin:100000:65536\nbroken\n")
    fake_host.write("/etc/shadow", "root:$6$Hemlock:1::\nguest::1::\nbin:*:1::\n")
    facts = Users().facts(fake_host)
    assert facts == {"subordinate": {"/etc/subuid": ["admin:100000:65536"], "/etc/subgid": []},
                     "empty": ["guest"]}
    assert "Hemlock" not in json.dumps(facts)


def test_lines_of_accounts_that_are_there_are_written_anew() -> None:
    facts = host()
    mine = {"subordinate": {"/etc/subuid": ["admin:100000:65536", "ghost:200000:65536"]},
            "empty": ["guest"]}
    plan = decided(replace(facts, plugins={**facts.plugins, "users": mine}))
    one = item(plan, "/etc/subuid")
    assert base64.b64decode(one.content) == b"admin:100000:65536\n"
    assert found(plan, "N2C_USERS_EMPTY_PASSWORD").resources == ("user:guest",)
