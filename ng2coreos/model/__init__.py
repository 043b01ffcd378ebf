"""Frozen, typed records that travel between rooms and through JSON; nothing here touches a system."""
