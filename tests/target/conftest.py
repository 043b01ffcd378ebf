"""One image tree, one repository and two keys for all tests of this room."""

import shutil
import tempfile
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

import pytest

from tests.target import images


class Image(NamedTuple):
    """A repository and its commit."""

    repo: Path
    commit: str


@pytest.fixture(scope="session")
def image_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree that every repository is made of; not to be changed."""
    return images.make_tree(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, image_tree: Path) -> Image:
    """An archive repository; not to be changed."""
    repo = tmp_path_factory.mktemp("pristine") / "repo"
    return Image(repo, images.make_repo(repo, image_tree))


@pytest.fixture
def image(tmp_path: Path, pristine: Image) -> Image:
    """A copy of the archive repository that the test may change."""
    shutil.copytree(str(pristine.repo), str(tmp_path / "repo"))
    return Image(tmp_path / "repo", pristine.commit)


@pytest.fixture(scope="session")
def keys() -> Iterator[Callable[[str], images.Key]]:
    """Keys by name; each is made once."""
    # GnuPG's agent listens on a socket in its home, whose path may have 107 bytes only
    with tempfile.TemporaryDirectory(prefix="n2ckeys") as directory:
        made = {}

        def key(name: str) -> images.Key:
            if name not in made:
                made[name] = images.Key(Path(directory), name)
            return made[name]

        yield key
        for one in made.values():
            one.close()
