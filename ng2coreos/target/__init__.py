"""Reads the target image from its ostree commit, without checking it out."""
