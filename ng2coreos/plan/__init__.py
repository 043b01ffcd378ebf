"""Pure decisions: facts of host and target, policy and answers in; decisions out."""
