"""Guests for the tests of the migration: NG up and armed, kept as saved states."""

import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, ContextManager, Dict, Iterator, Mapping, Optional

import pytest

from tests.conftest import FIGURE
from tests.rig import states
from tests.rig.coreos import CoreosImage
from tests.rig.guest import Guest
from tests.rig.switch import Station, Switch
from tests.vm.scene import Scene, images, work_place

Opener = Callable[..., ContextManager[Scene]]


@contextmanager
def opened(name: str, boot_fs: str = "ext4", target: Optional[CoreosImage] = None,
           stations: Optional[Mapping[int, Station]] = None) -> Iterator[Scene]:
    """A guest of its own in directory `name`, powered off; gone afterwards."""
    image, usual = images(boot_fs)
    target = target or usual
    with work_place(name) as place, Switch(stations=stations) as switch, \
            Guest(place, image.disks, switch=switch, payload=[target.payload]) as guest:
        yield Scene(guest, switch, image, target)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Dict[str, float]]:
    """Figures that a test measures; all of them are printed when the last test has ended."""
    found: Dict[str, float] = {}
    yield found
    request.node.user_properties += [(FIGURE, pair) for pair in found.items()]


@pytest.fixture(scope="session")
def ng_up() -> Path:
    """The saved state of a booted NG with vdsm serving (BIOS, ext4 on /boot)."""
    return states.ng_up(images()[0])


@pytest.fixture
def ng(ng_up: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """NG, up, with the tool: from the saved state, in seconds."""
    with opened(f"ng-{zlib.crc32(request.node.name.encode()):08x}") as scene:  # sockets lie below
        scene.guest.resume(ng_up)
        scene.prepare_ng()
        yield scene
