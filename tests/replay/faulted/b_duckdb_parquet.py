# %%
import duckdb
import matplotlib.pyplot as plt

# %%
regions = duckdb.sql("select region, income from read_csv('regions.csv') order by region").df()
regions

# %%
prices = duckdb.sql("""
    select region, rooms, count(*) as n, round(avg(price), 2) as price, round(avg(price / area), 4) as per_meter
    from 'houses.parquet'
    group by all
    order by region, rooms
""").df()
prices.head(8)

# %%
joined = duckdb.sql("select p.*, r.income from prices p join regions r using (region) order by region, rooms").df()
joined["ratio"] = joined["price"] / joined["income"]
print(joined.groupby("region")["ratio"].mean().round(3).to_string())

# %%
joined.pivot(index="rooms", columns="region", values="price").plot.bar(figsize=(5, 3))
plt.ylabel("price")
plt.show()

# %% fault: data 2
import pandas as pd

houses = pd.read_parquet(folder / "houses.parquet")
houses.loc[17, "price"] += 40
houses.to_parquet(folder / "houses.parquet")
