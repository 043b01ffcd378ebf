"""Tests of the decisions: given this host and this image, the plan says this."""
