# %%
import pandas as pd

passengers = pd.read_csv("passengers.csv")

# %%
passengers["age"] = passengers["age"].fillna(passengers["age"].median())
passengers["child"] = passengers["age"] < 16

# %%
passengers.to_parquet("passengers_clean.parquet", index=False)

# %%
print(passengers["child"].value_counts().to_string())

# %%
clean = pd.read_parquet("passengers_clean.parquet")
clean.pivot_table(index="child", columns="sex", values="survived").round(3)

# %%
pd.crosstab(clean["deck"], clean["survived"], normalize="index").round(3)

# %% fault: order or hidden state 2
del cells[2]
