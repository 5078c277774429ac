"""Operations on an array: reading, writing, programming, updating."""
