"""Makes every text that comes from the code; `python -m man.generate` writes what is stale.

A manual page is made from its .in file, in which a line ``.\\" @NAME@`` stands for a generated
part.  In Markdown a part stands between ``<!-- generated: NAME -->`` and ``<!-- /generated -->``,
in mkdocs.yml between the same as comments (``# generated: NAME``).
"""

import re
import sys
from pathlib import Path
from typing import Dict, List

from man import markdown, mdoc, pages, picture, site, sources, state

ROOT = sources.ROOT
_PART = re.compile(r'^\.\\" @([a-z-]+)@$', re.MULTILINE)
_BLOCK = re.compile(r"((?:<!--|#) generated: ([a-z-]+)(?: -->)?\n).*?((?:<!--|  #) /generated)",
                    re.DOTALL)


def texts() -> Dict[Path, str]:
    """Every generated file as it should be."""
    on_ng, on_coreos = sources.ng_commands(), sources.coreos_commands()
    shared = sources.shared_options(on_ng)
    codes, lists = sources.exit_codes(), sources.whitelists()
    parts = {
        "command-pages": pages.references(),
        "exit-codes": mdoc.exit_codes(codes), "global-options": mdoc.options(sources.ng_global()),
        "target-options": mdoc.options(shared), "ng-commands": mdoc.commands(on_ng, shared),
        "coreos-options": mdoc.options(sources.coreos_global()),
        "coreos-commands": mdoc.commands(on_coreos), "settings": mdoc.settings(sources.settings()),
        "conf-keys": mdoc.conf_keys(sources.conf_keys(), [
            row for row in sources.settings() if row.kind != "mapping"])}
    blocks = {
        "exit-codes": markdown.exit_codes(codes), "rooms": markdown.rooms(sources.rooms()),
        "commands": markdown.commands(on_ng, on_coreos), "carried": markdown.carried(lists),
        "reference": site.nav()}
    found = {page.with_suffix(""): _page(page, parts) for page in
             sorted((ROOT / "man").glob("*.in"))}
    for name, lines in pages.pages().items():
        found[ROOT / "man" / name] = _joined(lines)
    found[ROOT / "docs" / "disk.svg"] = picture.disk()
    for name, lines in site.pages().items():
        found[ROOT / "docs" / name] = _joined(lines)
    found[ROOT / "docs" / "findings.md"] = _joined(markdown.findings(sources.findings()))
    found[ROOT / "docs" / "whitelists.md"] = _joined(markdown.whitelist_page(lists))
    found[ROOT / "docs" / "state.md"] = _joined(state.page(state.rows()))
    for path in (ROOT / "README.md", ROOT / "mkdocs.yml", *sorted((ROOT / "docs").glob("*.md"))):
        if path not in found:
            found[path] = _filled(path.read_text("utf-8"), blocks)
    return found


def stale() -> Dict[Path, str]:
    """Those whose file on disk is another."""
    return {path: text for path, text in texts().items()
            if not path.is_file() or path.read_text("utf-8") != text}


def main() -> int:
    """Write what is stale."""
    for path, text in stale().items():
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


def _page(page: Path, parts: Dict[str, List[str]]) -> str:
    note = f'.\\" Made by `make man` from man/{page.name}: change that, not this.\n'
    text = page.read_text("utf-8")
    return note + _PART.sub(lambda found: "\n".join(parts[found.group(1)]), text)


def _filled(text: str, blocks: Dict[str, List[str]]) -> str:
    return _BLOCK.sub(lambda found: found.group(1) + _joined(blocks[found.group(2)])
                      + found.group(3), text)


def _joined(lines: List[str]) -> str:
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
