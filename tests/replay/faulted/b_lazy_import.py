# %%
import polars as pl

# %%
def fit(houses, depth):
    from housing import train

    model, mae = train(houses.to_pandas(), depth)
    return {"depth": depth, "leaves": model.get_n_leaves(), "mae": round(mae, 4)}

# %%
houses = pl.read_csv("houses.csv")
houses.group_by("region").len().sort("region")

# %%
results = pl.DataFrame([fit(houses, depth) for depth in (2, 4, 6)])
results

# %%
best = results.sort("mae").row(0, named=True)
print(best)

# %% fault: code 3
text = (folder / "housing.py").read_text()
assert "max_depth=depth" in text
(folder / "housing.py").write_text(text.replace("max_depth=depth", "max_depth=depth - 1"))
