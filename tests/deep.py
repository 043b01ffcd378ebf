"""A directory in a directory, and so on: as deep as nobody but an adversary makes it."""

import os
from pathlib import Path


def deep_tree(top: Path, name: str, depth: int) -> None:
    """`depth` directories below `top`, the first called `name`; longer than any path may be."""
    fd = os.open(str(top), os.O_RDONLY)
    for word in (name, *["d"] * (depth - 1)):
        os.mkdir(word, dir_fd=fd)
        below = os.open(word, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
