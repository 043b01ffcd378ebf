"""The merge of three versions: what NG changed is in the result or in a conflict, never gone."""

from typing import Dict, List, Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.host import Host
from ng2coreos.inventory.sides import compared
from ng2coreos.model.facts import Difference, EtcChange, FileFact
from ng2coreos.model.sides import LIMIT_BYTES, TOTAL_BYTES, Sides
from ng2coreos.plan.merge import (
    KEYS_LOST,
    LINES_CLASH,
    NO_BASE,
    NO_SIDES,
    NO_TEXT,
    NOT_JSON,
    Merge,
    disputed,
    merge,
)
from ng2coreos.plan.merge_keys import Format, pieces, values

INI, SYSCTL, SHELL, PLAIN = ("/etc/vdsm/x.conf", "/etc/sysctl.d/x.conf", "/etc/sysconfig/x",
                             "/etc/motd")


def merged(path: str, ours: str, factory: Optional[str], theirs: str) -> Merge:
    """The merge, lines put together by the real diff3."""
    return merge(path, compared(Host(), Sides(ours, factory, theirs)))


def test_lines_that_do_not_clash() -> None:
    one = merged(PLAIN, "a\nB\nc\nd\n", "a\nb\nc\nd\n", "a\nb\nc\nD\n")
    assert one == Merge("a\nB\nc\nD\n", "lines")


@pytest.mark.parametrize("path, ours, factory, theirs, why", [
    (PLAIN, "B\n", "b\n", "X\n", LINES_CLASH), (PLAIN, "B\n", None, "X\n", NO_BASE),
    (PLAIN, "B\0", "b\n", "X\n", NO_TEXT), (INI, "[a]\nk=1\n", "[a]\nk=0\n", "[a]\nk=2\n",
                                            "both changed k in [a]"),
    (SYSCTL, "a.b = 1\n", "", "a.b = 2\n", "both changed a.b"),
    ("/etc/x.json", '{"a": 1,\n\n\n"b": 2}\n', '{"a": 1\n\n\n}\n', '{"a": 1,\n"c": 2\n\n\n}\n',
     LINES_CLASH)])
def test_what_cannot_be_merged_says_why(path: str, ours: str, factory: Optional[str], theirs: str,
                                        why: str) -> None:
    one = merged(path, ours, factory, theirs)
    assert one.content is None and one.problems == (why,)


def test_json_that_lines_break_is_no_merge() -> None:
    one = merged("/etc/x.json", '{\n"a": 1,\n"b": 2\n}\n', '{\n"a": 1,\n"b": 2,\n"c": 3\n}\n',
                 '{\n"z": 0,\n"a": 1,\n"b": 2,\n"c": 3\n}\n')
    assert one.content == '{\n"z": 0,\n"a": 1,\n"b": 2\n}\n'
    broken = merge("/etc/x.json", Sides("a", "b", "c", '{"a": 1,}\n'))
    assert broken.problems == (NOT_JSON,)


def test_without_contents_nothing_is_merged() -> None:
    assert merge(PLAIN, None).problems == (NO_SIDES,)


def test_keys_are_merged_where_lines_clash_and_comments_stay() -> None:
    ours = "# mine\n[vars]\nssl = false\nport = 1\n"
    factory = "[vars]\nssl = true\nport = 1\n"
    theirs = "[vars]\nssl = true\nport = 2\n# why\nnew = 3\n\n[more]\n# x\nk = v\n"
    one = merged(INI, ours, factory, theirs)
    assert one.by == "keys"
    assert one.content == ("# mine\n[vars]\nssl = false\nport = 2\n# why\nnew = 3\n"
                           "\n[more]\n# x\nk = v\n")


def test_files_that_both_made_are_put_together_key_by_key() -> None:
    one = merged(SYSCTL, "# tuned here\nvm.swappiness = 1\n", None, "net/ipv4/ip_forward = 1\n")
    assert one.content == "# tuned here\nvm.swappiness = 1\nnet/ipv4/ip_forward = 1\n"
    same = merged(SYSCTL, "net.ipv4.ip_forward=1\n", None, "net/ipv4/ip_forward = 1\nx = 2\n")
    assert same.content == "net.ipv4.ip_forward=1\nx = 2\n"


def test_a_key_that_lines_would_say_twice_is_a_conflict() -> None:
    factory = "a=1\nb=2\nc=3\nd=4\n"
    one = merged(SHELL, "n=1\n" + factory, factory, factory + "n=2\n")
    assert one.problems == ("both changed n",)


def test_a_deleted_key_stays_deleted_unless_the_target_changed_it() -> None:
    assert merged(SHELL, "a=1\n", "a=1\nb=2\n", "a=9\nb=2\n").content == "a=9\n"
    assert merged(SHELL, "a=1\n", "a=1\nb=2\n", "a=1\nb=3\n").problems == ("both changed b",)
    assert merged(SHELL, "a=5\nb=2\n", "a=1\nb=2\n", "a=1\n").content == "a=5\n"


def test_a_list_of_values_is_one_value() -> None:
    factory = "[Service]\nExecStart=\nExecStart=/a\n"
    ours = "[Service]\nExecStart=\nExecStart=/mine \\\n  -x\n"
    path = "/etc/systemd/system/x.service"
    one = merged(path, ours, factory, factory + "Nice=1\n")
    assert one.content == ours + "Nice=1\n"
    assert merged(path, ours, factory, factory + "ExecStart=/b\n").content is None


def test_a_merge_that_would_swallow_a_key_is_refused() -> None:
    """The last value goes on in the next line, which would be the target's new key."""
    one = merged(INI, "[a]\nx=1\\\n", "[a]\n", "[a]\ny=2\n")
    assert one == Merge(problems=(KEYS_LOST,))


@pytest.mark.parametrize("path, text", [
    (INI, "key = before any section\n"), (INI, "[a]\nno assignment\n"), (SHELL, "a=1; rm x\n"),
    (SHELL, "a='open\n"), (SYSCTL, "-net.ipv4.conf.*\n"), (INI, "[a]\nk=\x0cv\n"),
    (SHELL, "a=1 b\n"), (INI, "  indented=1\n")])
def test_what_is_not_of_the_format_is_merged_by_lines(path: str, text: str) -> None:
    one = merged(path, text + "\n\nours\n", text + "\n\n", "theirs\n" + text + "\n\n")
    assert one == Merge("theirs\n" + text + "\n\nours\n", "lines")


@pytest.mark.parametrize("text, kind", [
    ("# c\n\n[a]\n# k\nk = v\n more\n; end\n", Format.INI), ("", Format.INI),
    ("-a.b = 1\n# x\na/b.c=2\n", Format.SYSCTL), ("export A='b c'  # d\n\nB=\n", Format.SHELL)])
def test_pieces_are_the_whole_file(text: str, kind: Format) -> None:
    found = pieces(text, kind)
    assert found is not None and "".join(p.lead + p.text for p in found) == text


def test_a_dash_and_an_export_belong_to_the_value() -> None:
    found = pieces("-a/b.c = 1\n", Format.SYSCTL)
    assert found is not None and values(found) == {("", "a.b/c"): ("-1",)}
    assert merged(SHELL, "export A=1\n", "A=1\n", "A=2\n").content is None


NAMES = st.sampled_from(["a", "b", "c", "d"])
TABLE = st.dictionaries(st.tuples(st.sampled_from(["s", "t"]), NAMES),
                        st.sampled_from(["1", "2", "3"]), max_size=6)


def ini(table: Dict[Tuple[str, str], str], comment: str) -> str:
    """A file with these values, each below a comment of its own."""
    out: List[str] = [f"# {comment}"]
    for section in sorted({s for s, _ in table}):
        out.append(f"[{section}]")
        out += [f"# {comment} of {k}\n{k} = {v}" for (s, k), v in table.items() if s == section]
    return "\n".join(out) + "\n"


@settings(deadline=None, max_examples=100)
@given(TABLE, TABLE, TABLE)
def test_each_key_is_as_whoever_changed_it_says_or_in_a_conflict(
        ours: Dict[Tuple[str, str], str], factory: Dict[Tuple[str, str], str],
        theirs: Dict[Tuple[str, str], str]) -> None:
    one = merged(INI, ini(ours, "ng"), ini(factory, "factory"), ini(theirs, "target"))
    clashes = {k for k in {**ours, **factory, **theirs}
               if len({ours.get(k), factory.get(k), theirs.get(k)} - {factory.get(k)}) == 2
               or (ours.get(k) != factory.get(k) != theirs.get(k) != ours.get(k))}
    if clashes:
        assert one.content is None
        assert set(one.problems) == {f"both changed {k} in [{s}]" for s, k in clashes}
        return
    assert one.content is not None
    found = pieces(one.content, Format.INI)
    assert found is not None
    wanted = {k: ours.get(k) if ours.get(k) != factory.get(k) else theirs.get(k)
              for k in {**ours, **factory, **theirs}}
    assert values(found) == {k: (v,) for k, v in wanted.items() if v is not None}
    for line in ini(ours, "ng").splitlines():  # comments too
        if line.startswith("#"):
            assert line in one.content


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("ab=[]#\\ \t'\n", max_size=12), min_size=3, max_size=3),
       st.sampled_from([INI, SYSCTL, SHELL, PLAIN]))
def test_every_line_that_ng_added_is_in_the_result_or_the_merge_is_refused(
        texts: List[str], path: str) -> None:
    ours, factory, theirs = texts
    one = merged(path, ours, factory, theirs)
    if one.content is None:
        assert one.problems
    elif one.by == "lines":
        assert set(ours.splitlines()) - set(factory.splitlines()) <= set(one.content.splitlines())
    else:
        kept = {line.strip() for line in one.content.splitlines()}
        added = {line for line in ours.splitlines() if line not in factory.splitlines()}
        kinds = {INI: Format.INI, SYSCTL: Format.SYSCTL, SHELL: Format.SHELL}
        old, new, made = (values(pieces(t if not t or t.endswith("\n") else t + "\n",
                                        kinds[path]) or ())
                          for t in (factory, ours, one.content))
        for key in {**old, **new}:
            if new.get(key) != old.get(key):
                assert made.get(key) == new.get(key)
        assert {line.strip() for line in added if line.strip().startswith("#")} <= kept


def fact(content: str, size: int = 1, kind: str = "file") -> FileFact:
    """A file by its content's name."""
    return FileFact(kind, 0o644, 0, 0, size, content)


@pytest.mark.parametrize("host, factory, theirs, wanted", [
    (fact("h"), fact("f"), fact("t"), True), (fact("h"), None, fact("t"), True),
    (fact("f"), fact("f"), fact("t"), True),  # only owner or mode were changed
    (fact("h"), fact("f"), fact("f"), False), (fact("h"), fact("f"), fact("h"), False),
    (fact("h"), fact("f"), None, False), (None, fact("f"), fact("t"), False),
    (fact("h", LIMIT_BYTES + 1), fact("f"), fact("t"), False),
    (fact("h"), fact("f"), fact("t", LIMIT_BYTES + 1), False),
    (fact("h"), fact("f"), fact("t", kind="symlink"), False)])
def test_contents_are_asked_for_where_both_sides_differ(
        host: Optional[FileFact], factory: Optional[FileFact], theirs: Optional[FileFact],
        wanted: bool) -> None:
    change = EtcChange("/etc/x", Difference.CHANGED, host, factory)
    assert disputed([change], {"/etc/x": theirs} if theirs else {}) == (
        ("/etc/x",) if wanted else ())


def test_contents_are_asked_for_within_bounds_and_never_of_accounts() -> None:
    names = [f"/etc/{n}" for n in range(TOTAL_BYTES // LIMIT_BYTES)] + ["/etc/shadow"]
    changes = [EtcChange(n, Difference.CHANGED, fact("h", LIMIT_BYTES), fact("f")) for n in names]
    found = disputed(reversed(changes), {n: fact("t", LIMIT_BYTES) for n in names})
    assert len(found) == TOTAL_BYTES // LIMIT_BYTES // 2 and "/etc/shadow" not in found
