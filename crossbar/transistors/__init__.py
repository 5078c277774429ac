"""Arrays with a transistor in every cell (1T1R): word lines drive gates, source and bit lines carry the current."""
