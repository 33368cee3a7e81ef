# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

plt.rcParams["figure.figsize"] = (6, 3)

# %%
df = pd.read_csv("passengers.csv")
df["log_fare"] = np.log1p(df["fare"])

# %%
df[["age", "fare", "log_fare"]].describe().round(2)

# %%
fig, axes = plt.subplots(1, 2)
axes[0].hist(df["fare"], bins=30)
axes[0].set_title("fare")
axes[1].hist(df["log_fare"], bins=30)
axes[1].set_title("log fare")
fig.tight_layout()
plt.show()

# %%
print("skew", df["fare"].skew().round(3), "->", df["log_fare"].skew().round(3))

# %% fault: order or hidden state 3
cells[3] = cells[3].replace('df["log_fare"], bins=30', 'df["log_fare"], bins=12')
