"""From a messy session to the smallest clean notebook that gives the same result: cut down, laid out, executed, compared."""
