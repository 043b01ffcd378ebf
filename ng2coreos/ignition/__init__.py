"""A typed model of the Ignition config, its writers and its validation."""
