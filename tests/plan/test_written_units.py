"""That systemd is really asked about what a plan writes: what it must refuse is refused."""

from dataclasses import replace
from typing import Dict

import pytest

from ng2coreos.plan.written import written
from tests.plan import units
from tests.plan.build import decided

pytestmark = pytest.mark.skipif(units._version() < units._OLDEST,
                                reason="this systemd is older than any target's")
SERVICE = "[Service]\nType=oneshot\nExecStart=/usr/bin/true\n"


@pytest.mark.parametrize("files,told", [
    ({"a.service": SERVICE}, ""),
    ({"a.service": "[Service]\nType=oneshot\nExecStart=/usr/bin/vdsm-tool configure\n"}, ""),
    ({"a.service": "[Unit]\nRequires=vdsmd.service\n" + SERVICE}, ""),
    ({"a.service": "[Unit]\nAfterwards=b.service\n" + SERVICE}, "Afterwards"),
    ({"a.service": "[Service]\nType=oneshot\n"}, "a.service"),
    ({"a.timer": "[Timer]\nOnCalendar=never\n", "a.service": SERVICE}, "calendar specification"),
    ({"rhev.mount": "[Mount]\nWhat=tmpfs\nWhere=/other\nType=tmpfs\n"}, "rhev.mount"),
    ({"vdsmd.service.d/a.conf": "[Service]\nLimitNOFILES=1\n"}, "LimitNOFILES"),
])
def test_what_systemd_refuses_is_told(files: Dict[str, str], told: str) -> None:
    items = tuple(written(units.DIRECTORY + name, text, "For a test.", "test")
                  for name, text in files.items())
    refused = " ".join(units.refused(replace(decided(), items=items)))
    assert told in refused
    assert bool(refused) is bool(told)
