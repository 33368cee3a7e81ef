"""The notebook's own code that a model needs, so that it travels with it: what cells define, and modules beside them."""
