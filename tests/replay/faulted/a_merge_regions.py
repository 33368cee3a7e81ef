# %%
import pandas as pd

houses = pd.read_csv("houses.csv")
houses["price_m2"] = houses["price"] / houses["area"]
print(houses["price_m2"].describe().round(3))

# %%
regions = pd.read_csv("regions.csv", index_col="region")

# %%
merged = houses.merge(regions, left_on="region", right_index=True, how="left", validate="m:1")
print("without income:", merged["income"].isna().sum())

# %%
merged["affordability"] = merged["price"] / merged["income"]
merged.groupby("region", as_index=False)[["affordability", "price_m2"]].mean().round(3)

# %%
merged.sort_values("affordability").tail(3)

# %% fault: data 1
path = folder / "regions.csv"
path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
