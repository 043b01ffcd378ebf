"""The command line: thin shells over execute/ and plan/."""
