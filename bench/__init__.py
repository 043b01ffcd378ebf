"""Figures against their floors: ``python -m bench``."""
