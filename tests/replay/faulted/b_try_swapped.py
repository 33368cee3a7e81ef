# %%
import numpy as np
import pandas as pd

# %%
class SchemaError(ValueError):
    def __init__(self, missing):
        super().__init__(f"missing columns: {', '.join(sorted(missing))}")
        self.missing = missing


def require(frame, *columns):
    if missing := set(columns) - set(frame.columns):
        raise SchemaError(missing)
    return frame

# %%
houses = require(pd.read_csv("houses.csv"), "area", "price")
passengers = require(pd.read_csv("passengers.csv"), "age", "fare")

# %%
try:
    require(houses, "area", "garden", "balcony")
except SchemaError as error:
    print(type(error).__name__, error)

# %%
try:
    np.linalg.inv(houses[["area", "area"]].to_numpy()[:2])
except np.linalg.LinAlgError as error:
    print("not inverted:", error)

# %%
ages = passengers["age"].to_numpy()
assert np.isnan(ages).any()
print(f"{np.nanmean(ages):.3f} {np.isnan(ages).sum()}")

# %% fault: nothing none
cells[3], cells[4] = cells[4], cells[3]
