"""Recorded hosts, and tests of the data files."""
