"""Runs on the new system, standard library only: proves it healthy, or goes back to NG."""
