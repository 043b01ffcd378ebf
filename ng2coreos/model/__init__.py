"""Frozen, typed records that travel between rooms and through JSON; they touch no system."""
