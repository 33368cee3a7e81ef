"""How one kind of model is saved, loaded and asked: one file per kind."""
