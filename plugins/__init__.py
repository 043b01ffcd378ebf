"""One file per subsystem: its facts, its findings, its conversions, its verification."""
