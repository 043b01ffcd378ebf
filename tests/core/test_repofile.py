"""A .repo file says which repositories rpm-ostree asks, as libdnf understands it."""

from typing import Tuple

import pytest

from ng2coreos.core import repofile
from ng2coreos.model.packages import RepositoryFile


@pytest.mark.parametrize("text,enabled,disabled", [
    ("[a]\nname=A\n", ("a",), ()), ("[a]\nenabled=1\n", ("a",), ()),
    ("[a]\nenabled = True \n", ("a",), ()), ("[a]\nenabled=on\n[b]\nenabled=yes\n", ("a", "b"), ()),
    ("[a]\nenabled=0\n[b]\n[c]\nenabled=no\n", ("b",), ("a", "c")),
    ("[a]\nenabled=$mine\n", (), ("a",)), ("[a]\nenabled=\n", (), ("a",)),
    ("[a]\nenabled=2\n", (), ("a",)), ("[a]\nEnabled=0\n", ("a",), ()),
    ("[a-$releasever]\nenabled=1\nbaseurl=https://x/%(y)s/$basearch\n  https://z/\n",
     ("a-$releasever",), ()),
    ("[a]\nenabled=0\n[a]\nenabled=1\n", ("a",), ()), ("[DEFAULT]\nenabled=0\n[a]\n", ("a",),
                                                       ("DEFAULT",)),
    ("# nothing\n", (), ()), ("", (), ())])
def test_what_is_enabled(text: str, enabled: Tuple[str, ...],
                         disabled: Tuple[str, ...]) -> None:
    assert repofile.parse("/x.repo", text) == RepositoryFile("/x.repo", enabled, disabled)


@pytest.mark.parametrize("text", ["enabled=1\n", "[a\n", "[a]\njust words\n", "<html>"])
def test_what_is_no_key_file_is_called_broken(text: str) -> None:
    assert repofile.parse("/x.repo", text) == RepositoryFile("/x.repo", broken=True)
