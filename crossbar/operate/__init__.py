"""What is done to an array: reading, writing, programming, updating."""
