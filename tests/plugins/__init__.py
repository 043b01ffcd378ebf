"""Tests of the plug-ins: facts from a fake tree, contributions from facts."""
