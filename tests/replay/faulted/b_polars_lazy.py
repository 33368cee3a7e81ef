# %%
import polars as pl
import matplotlib.pyplot as plt

pl.Config.set_tbl_rows(12)

# %%
passengers = pl.scan_csv("passengers.csv")

# %%
by_deck = (
    passengers.with_columns(pl.col("age").fill_null(pl.col("age").median().over("sex")))
    .group_by("deck", "sex")
    .agg(pl.len().alias("n"), pl.col("survived").mean().round(4).alias("rate"), pl.col("fare").median().alias("fare"))
    .sort("deck", "sex")
)
print(by_deck.explain()[:9])

# %%
table = by_deck.collect()
table

# %%
fig, ax = plt.subplots(figsize=(5, 3))
for sex, part in table.partition_by("sex", as_dict=True).items():
    ax.plot(part["deck"].to_list(), part["rate"].to_list(), marker="o", label=sex[0])
ax.set_ylabel("survived")
ax.legend()
plt.show()

# %% fault: data 1
rows = (folder / "passengers.csv").read_text().splitlines()
assert "," in rows[7] and rows[7] != rows[8]
rows[7] = rows[7].replace(",f,", ",m,") if ",f," in rows[7] else rows[7].replace(",m,", ",f,")
(folder / "passengers.csv").write_text("\n".join(rows) + "\n")
