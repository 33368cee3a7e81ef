# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

# %%
np.random.seed(2024)
N = 20_000

# %%
def estimate_pi(n):
    x, y = np.random.rand(n), np.random.rand(n)
    return 4 * np.mean(x**2 + y**2 <= 1)

# %%
estimates = pd.Series({n: estimate_pi(n) for n in (100, 1_000, 5_000, N)}, name="pi")
estimates

# %%
error = (estimates - np.pi).abs()
print(error.round(5).to_string())

# %%
fig, ax = plt.subplots(figsize=(5, 3))
ax.loglog(error.index, error.values, "o-")
ax.set_xlabel("samples")
ax.set_ylabel("|error|")

# %% fault: randomness 1
cells[1] = "N = 20_000"
