"""Tests of the catalogue of state, data/state/."""
