# %%
import pandas as pd

houses = pd.read_csv("houses.csv")

# %%
print(houses.groupby("region")["price"].mean().round(2))

# %%
houses["price"] *= 1.08

# %%
houses["price_per_room"] = houses["price"] / houses["rooms"]

# %%
summary = houses.groupby("rooms")["price_per_room"].agg(["mean", "std", "max"])
summary.round(3)

# %%
print("total value", round(houses["price"].sum(), 2))

# %% fault: order or hidden state 2
cells.insert(3, cells.pop(2))
