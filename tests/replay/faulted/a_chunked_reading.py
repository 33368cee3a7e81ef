# %%
import pandas as pd

dtypes = {"deck": "category", "sex": "category"}

# %%
chunks = pd.read_csv("passengers.csv", dtype=dtypes, chunksize=60)

# %%
parts = []
for i, chunk in enumerate(chunks):
    part = chunk.groupby("deck", observed=True)["fare"].agg(["sum", "count"])
    parts.append(part)
    print(i, len(chunk), round(chunk["fare"].max(), 2))

# %%
total = pd.concat(parts).groupby(level=0, observed=True).sum()
total["mean"] = total["sum"] / total["count"]
total.round(3)

# %%
total["mean"].plot.barh(title="Mean fare per deck")

# %% fault: data 1
path = folder / "passengers.csv"
lines = path.read_text().splitlines()
lines[-1] = lines[-1][:-1] + ("0" if lines[-1].endswith("1") else "1")
path.write_text("\n".join(lines) + "\n")
