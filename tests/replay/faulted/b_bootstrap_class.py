# %%
import numpy as np
import pandas as pd

# %%
class Bootstrap:
    """Resamples rows and keeps the statistic of each resample."""

    def __init__(self, statistic, n=200, seed=None):
        self.statistic = statistic
        self.n = n
        self.rng = np.random.default_rng(seed)
        self.values_ = None

    def fit(self, values):
        values = np.asarray(values)
        at = self.rng.integers(0, len(values), (self.n, len(values)))
        self.values_ = np.array([self.statistic(values[row]) for row in at])
        return self

    def interval(self, level=0.95):
        low = (1 - level) / 2
        return np.quantile(self.values_, [low, 1 - low])

# %%
fares = pd.read_csv("passengers.csv", usecols=["fare"])["fare"]
fares.describe().round(3)

# %%
median = Bootstrap(np.median, n=300, seed=11)
mean = Bootstrap(np.mean, n=300, seed=12)

# %%
for name, bootstrap in {"median": median, "mean": mean}.items():
    low, high = bootstrap.fit(fares).interval()
    print(f"{name:7s} {low:7.3f} .. {high:7.3f}")

# %% fault: randomness 3
assert ", seed=11" in cells[3]
cells[3] = cells[3].replace(", seed=11", "")
