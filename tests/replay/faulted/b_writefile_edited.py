# %%
%%writefile pricing.py
TAX = 0.19


def gross(price, rate=TAX):
    return round(price * (1 + rate), 2)

# %%
import pandas as pd

from pricing import TAX, gross

# %%
houses = pd.read_csv("houses.csv")
houses["gross"] = houses["price"].map(gross)
houses[["region", "price", "gross"]].head()

# %%
print(f"tax {TAX:.0%}, in all {houses['gross'].sum():.2f}")

# %% fault: order or hidden state 0
assert "0.19" in cells[0]
cells[0] = cells[0].replace("0.19", "0.21")
