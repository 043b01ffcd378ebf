"""HTML and SVG as text; every word that comes from a host is escaped here and nowhere else."""

import html
import unicodedata
from typing import Iterable, List, Optional, Sequence, Tuple, Union

_FIRST = 500  # rows that a table shows at once
_BAD = {"Cc", "Cf", "Cs", "Co", "Cn"}  # controls, text direction, halves of pairs, unassigned


class Html(str):
    """Text that is markup already."""


Text = Union[str, Html]


def esc(text: object, *, lines: bool = False) -> Html:
    """`text` as it is read, never as markup; what cannot be seen is shown as U+FFFD."""
    if isinstance(text, Html):
        return text
    seen = str(text)
    if not seen.isprintable():
        keep = "\n\t" if lines else ""
        seen = "".join(c if c in keep or unicodedata.category(c) not in _BAD else "\ufffd"
                       for c in seen)
    return Html(html.escape(seen, quote=True))


def tag(name: str, /, *inside: Text, **attributes: object) -> Html:
    """An element; ``class_`` and ``data_x`` become class and data-x, None and False leave out."""
    words = [name]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(key)
        elif value is not None and value is not False:
            words.append(f'{key}="{esc(value)}"')
    return Html(f"<{' '.join(words)}>{''.join(esc(part) for part in inside)}</{name}>")


def void(name: str, /, **attributes: object) -> Html:
    """An element that holds nothing."""
    return Html(tag(name, **attributes)[:-len(f"</{name}>")])


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Text]], *,
          numbers: Sequence[int] = (), keys: Optional[Sequence[str]] = None) -> Html:
    """A table whose first column names the row; `keys` are what a filter looks at.

    Laying a long one out takes longer than reading it in.  Where there is a script to ask for it,
    the rest of it waits.
    """
    body: List[str] = []
    for place, row in enumerate(rows):
        cells = [tag("th", row[0], scope="row")]
        cells += [tag("td", cell, class_="n" if n in numbers else None)
                  for n, cell in enumerate(row[1:], 1)]
        body.append(tag("tr", *cells, data_key=keys[place] if keys else None))
    if not body:
        return Html("")
    top = tag("tr", *(tag("th", name, scope="col", class_="n" if n in numbers else None)
                      for n, name in enumerate(head)))
    return wide(caption, tag("table", tag("caption", caption), tag("thead", top),
                             tag("tbody", Html("".join(body[:_FIRST]))),
                             tag("tbody", Html("".join(body[_FIRST:])), class_="later")
                             if body[_FIRST:] else ""))


def wide(name: str, inside: Html) -> Html:
    """What may be wider than the window: it is moved in a region of its own, by keys as well."""
    return tag("div", inside, class_="wide", tabindex="0", role="region", aria_label=name)


def section(id: str, title: str, *inside: Text) -> Html:
    """A part of the page; nothing where there is nothing to show."""
    shown = [part for part in inside if part]
    if not shown:
        return Html("")
    return tag("section", tag("h2", title, id=f"{id}-title"), *shown, id=id,
               aria_labelledby=f"{id}-title")


def svg(width: int, height: int, title: str, told: str, *inside: Text) -> Html:
    """A drawing with a name and a description for who cannot see it."""
    return tag("svg", tag("title", title), tag("desc", told), *inside, role="img",
               viewBox=f"0 0 {width} {height}", width=width, height=height,
               xmlns="http://www.w3.org/2000/svg")


def rect(x: float, y: float, width: float, height: float, class_: str) -> Html:
    """A box."""
    return tag("rect", x=round(x, 1), y=round(y, 1), width=round(max(width, 0), 1),
               height=round(height, 1), rx=3, class_=class_)


def label(x: float, y: float, words: str, class_: Optional[str] = None, limit: int = 0) -> Html:
    """Words at a place, cut in the middle where they would run out of it; the whole on pointing."""
    if limit and len(words) > limit:
        cut = f"{words[:limit - limit // 3 - 1]}…{words[-(limit // 3):]}"
        return tag("text", tag("title", words), cut, x=round(x, 1), y=round(y, 1), class_=class_)
    return tag("text", words, x=round(x, 1), y=round(y, 1), class_=class_)


def filters(kinds: Iterable[Tuple[str, str]], count: int, of: str) -> Html:
    """Boxes by kind, each with its label, and a search over `count` things that `of` selects."""
    boxes = [tag("label", void("input", type="checkbox", checked=True, value=kind, data_kind=True),
                 f" {words}") for kind, words in kinds]
    return tag("form", tag("fieldset", tag("legend", "Show"), *boxes),
               tag("label", "Words ", void("input", type="search", data_words=True)),
               tag("output", f"{count} shown", data_count=True, aria_live="polite"),
               class_="filter", data_filter=of)


def definition(rows: Iterable[Tuple[str, Text]]) -> Html:
    """Names and what they stand for."""
    return tag("dl", *(Html(tag("dt", name) + tag("dd", value)) for name, value in rows if value))
