# %%
import pandas as pd

pd.set_option("display.width", 120)

# %%
houses = pd.read_parquet("houses.parquet")
houses.head()

# %%
by_region = houses.groupby("region").agg(n=("price", "size"), price=("price", "mean"), area=("area", "median"))
by_region.round(2)

# %%
table = houses.pivot_table(index="rooms", columns="region", values="price", aggfunc="mean")
table.round(1)

# %%
ax = table.plot(kind="bar", figsize=(6, 3))
ax.set_ylabel("mean price")

# %% fault: data 1
import pandas as pd

frame = pd.read_parquet(folder / "houses.parquet")
frame["rooms"] = frame["rooms"].astype("int32")
frame.to_parquet(folder / "houses.parquet")
