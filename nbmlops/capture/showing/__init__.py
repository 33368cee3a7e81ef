"""Which notebook it is, and what its cells show."""
