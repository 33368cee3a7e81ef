"""A type that no operator has trusted."""


class Stranger:
    """It would answer, if it were loaded."""

    def predict(self, rows):
        return [0.0] * len(rows)
