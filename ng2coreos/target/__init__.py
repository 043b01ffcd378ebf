"""Reads the target image from its ostree commit, without checking it out."""

from ng2coreos.target.reader import TargetRepo, opened

__all__ = ["TargetRepo", "opened"]
