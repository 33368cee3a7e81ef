"""A version's card: what it is for, what it was made of, how well it does and for whom, written from the record."""
