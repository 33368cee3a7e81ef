# %%
import numpy as np
import pandas as pd

passengers = pd.read_csv("passengers.csv")
fares = passengers["fare"].to_numpy()

# %%
rng = np.random.default_rng(11)

# %%
def bootstrap(values, statistic, n_boot=500):
    picked = rng.integers(0, len(values), size=(n_boot, len(values)))
    return statistic(values[picked], axis=1)

# %%
medians = bootstrap(fares, np.median)
low, high = np.quantile(medians, [0.025, 0.975])
print(f"median fare {np.median(fares):.2f}, 95% CI [{low:.3f}, {high:.3f}]")

# %%
means = bootstrap(fares, np.mean)
pd.DataFrame({"median": medians, "mean": means}).describe().round(4)

# %% fault: randomness 1
cells[1] = "rng = np.random.default_rng()"
