"""Keyfiles as text: GLib reads back what is written, and no text breaks the reader."""

from typing import Dict

from gi.repository import GLib
from hypothesis import given
from hypothesis import strategies as st

from plugins.network import keyfile

VALUE = st.text(st.characters(blacklist_categories=("Cs", "Cc"), whitelist_characters="\t\n\r"))
KEY = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True)


@given(st.dictionaries(KEY, st.dictionaries(KEY, VALUE, min_size=1), min_size=1))
def test_glib_reads_back_what_is_written(sections: Dict[str, Dict[str, str]]) -> None:
    text = keyfile.render(sections)
    read = GLib.KeyFile()
    read.load_from_data(text, len(text.encode()), GLib.KeyFileFlags.NONE)
    assert {name: {key: read.get_string(name, key) for key in read.get_keys(name)[0]}
            for name in read.get_groups()[0]} == sections


def test_empty_sections_are_left_out() -> None:
    assert keyfile.render({"a": {}, "b": {"x": "1"}, "c": {}, "d": {"y": " 2"}}) == (
        "[b]\nx=1\n\n[d]\ny=\\s2\n")


@given(st.text(), st.text())
def test_no_text_breaks_the_reader(head: str, tail: str) -> None:
    said = keyfile.profile("x", f"{head}\n[connection]\nid=x\n{tail}")
    assert said == {} or isinstance(said["addresses"], list)


def test_what_is_no_connection_says_nothing() -> None:
    assert keyfile.profile("x", "[ipv4]\nmethod=auto\n") == {}
    assert keyfile.profile("x", "no section\n") == {}


def test_names_of_files() -> None:
    assert keyfile.file_name("em1", "u", set()) == "em1.nmconnection"
    assert keyfile.file_name("em1", "u", {"em1.nmconnection"}) == "em1-u.nmconnection"
    assert [n for n in ("a", ".a", "a~", "a.nmconnection") if keyfile.is_profile_name(n)] == [
        "a", "a.nmconnection"]
