"""What is carried, and what is said about it, as data."""
