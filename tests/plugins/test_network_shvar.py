"""Shell assignments: NetworkManager's rules, checked against bash where bash may run them."""

import string
import subprocess
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.network import shvar

TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\n"),
               max_size=30)


@pytest.mark.parametrize("raw,value", [
    ("", ""), ("a", "a"), ("a\r", "a"), ("'a b'", "a b"), ('"a b"', "a b"), ("a'b'\"c\"", "abc"),
    ("a  # why", "a"), ("a#b", "a#b"), (";", ""), ("a ; # why", "a"), (" # why", ""),
    (r"a\ b", "a b"), (r'"\$\`\"\\"', '$`"\\'), (r'"\n"', r"\n"), ("$'\\n\\t\\x41\\101'", "\n\tAA"),
    (r"$'\u00e9\U0001F600'", "é\U0001F600"), (r"$'\xzz\q'", r"\xzz\q"), ("'a\\'", "a\\"),
    (r'"\~x"', "~x"), (r'"a b\~"', "a b~"), (r'"\~x"y', r"\~xy"), ("a$b", "a$b"),
    (r"$'a\000b'", "a"), ("'mode=4 miimon=100'", "mode=4 miimon=100")])
def test_what_a_value_says(raw: str, value: str) -> None:
    assert shvar.unescape(raw) == value


@pytest.mark.parametrize("raw", [
    "a b", "a; b", "$(id)x y", '"$HOME"', '"`id`"', "a|b", "a&", "a>b", "(a)", "'a", '"a', "a\\",
    '"a\\', "$'a", "$'a\\", "\udcff", r"$'\xff'", r"$'\ud800'", r"$'\U7fffffff'", " a"])
def test_what_only_a_shell_could_say_has_no_value(raw: str) -> None:
    assert shvar.unescape(raw) is None


def test_lines_keep_their_numbers_and_the_last_value_wins() -> None:
    text = "# head\n\nA=1\n  B='x y' # b\nexport C=1\nA=2\nif true; then\nD+=1\n9=x\nE= "
    found, odd = shvar.parse(text)
    assert [(a.line, a.key, a.value) for a in found] == [
        (3, "A", "1"), (4, "B", "x y"), (6, "A", "2"), (10, "E", "")]
    assert odd == [5, 7, 8, 9]
    assert shvar.values(text) == {"A": "2", "B": "x y", "E": ""}


def single(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"


def double(value: str) -> str:
    # a quote or tilde after a backslash is where NetworkManager parts from bash: never written
    return '"' + "".join("\\" + c if c in '$`"\\' else c for c in value) + '"'


def ansi(value: str) -> str:
    return "$'" + "".join(f"\\x{b:02x}" for b in value.encode()) + "'"


def backslashes(value: str) -> str:
    return "".join("\\" + c for c in value)


@given(TEXT)
def test_each_way_of_quoting_is_undone(value: str) -> None:
    for quote in (single, double, ansi, backslashes):
        assert shvar.unescape(quote(value)) == value
        assert shvar.values(f"X={quote(value)} # {quote.__name__}\nY=1") == {"X": value, "Y": "1"}


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    found, odd = shvar.parse(text)
    lines = text.split("\n")
    assert all(lines[a.line - 1].lstrip(" \t\v\f\r").startswith(a.key + "=") for a in found)
    assert not {a.line for a in found} & set(odd)


def bash(raw: str) -> Optional[bytes]:
    done = subprocess.run(["bash", "--norc", "-c", f"X={raw}\nprintf %s \"$X\""], env={},
                          capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 and not done.stderr else None


# nothing that bash could expand or run, nor where NetworkManager means to differ ("\~", "\'")
SAFE: st.SearchStrategy[str] = st.text(
    string.ascii_letters + string.digits + " '\"\\#;._-%@", max_size=12
).filter(lambda raw: "\\'" not in raw)


@settings(max_examples=60, deadline=None)
@given(SAFE)
def test_a_value_that_is_read_is_the_one_that_bash_assigns(raw: str) -> None:
    said = shvar.unescape(raw)
    if said is not None:
        assert bash(raw) == said.encode()
