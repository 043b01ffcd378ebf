"""Readers of the NG host, one per thing; each takes a Host and returns facts."""
