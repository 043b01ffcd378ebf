"""Three views of one plan or run: text, JSON, HTML."""
