"""The manual pages, and the generator of every text that is made from the code (`make man`)."""
