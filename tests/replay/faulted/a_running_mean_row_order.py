# %%
%matplotlib inline
import pandas as pd
import matplotlib.pyplot as plt

# %%
def load(name):
    return pd.read_csv(f"{name}.csv")

# %%
WINDOW = 20

# %%
boarding = load("passengers")
print(boarding.shape)
boarding["fare_rolling"] = boarding["fare"].rolling(WINDOW, min_periods=1).mean()

# %%
print("total", round(boarding["fare"].sum(), 2))
boarding.groupby("sex")["fare"].mean().round(3)

# %%
boarding["fare_rolling"].plot(title=f"Fare, rolling mean over {WINDOW} passengers")
plt.show()

# %% fault: data 3
path = folder / "passengers.csv"
head, *rows = path.read_text().splitlines()
rows[10], rows[200] = rows[200], rows[10]
path.write_text("\n".join([head, *rows]) + "\n")
