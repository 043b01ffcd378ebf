"""A .repo file: which of its repositories rpm-ostree would ask.

As libdnf reads it there (libdnf/dnf-repo.cpp, dnf-repo-loader.cpp): what says nothing is enabled; a
word that is no truth value, a variable for instance, disables; a file that is no key file is an
error for all of them.
"""

import configparser

from ng2coreos.model.packages import RepositoryFile

_ON = ("1", "yes", "true", "on")
_NONE = "\0"  # a section of that name cannot be written: DEFAULT is one like any other


def parse(path: str, text: str) -> RepositoryFile:
    """What the file says; never raises, a broken one is called so."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), default_section=_NONE)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return RepositoryFile(path, broken=True)
    enabled = {name for name in parser.sections()
               if parser.get(name, "enabled", fallback="1").strip().lower() in _ON}
    return RepositoryFile(path, tuple(sorted(enabled)),
                          tuple(sorted({*parser.sections()} - enabled)))
