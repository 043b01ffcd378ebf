"""The only way to the system: files, commands, the journal, the lock, errors and progress."""
