"""Steps, the runner that journals them, resume, rollback and finalize."""
