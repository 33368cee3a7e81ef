# %%
import numpy as np
import matplotlib.pyplot as plt

rng = np.random.default_rng(42)
n_steps, n_paths = 250, 400

# %%
steps = rng.choice([-1, 1], size=(n_paths, n_steps))
paths = steps.cumsum(axis=1)
print("mean end:", paths[:, -1].mean(), "std end:", paths[:, -1].std().round(3))

# %%
drift = rng.normal(0.05, 0.01, size=n_paths)
print("drift:", np.percentile(drift, [5, 50, 95]).round(5))

# %%
drifted = paths + drift[:, None] * np.arange(1, n_steps + 1)
hit = (drifted > 20).any(axis=1)
print(f"P(hit 20) = {hit.mean():.3f}")

# %%
plt.plot(drifted[:10].T, lw=0.8)
plt.axhline(20, ls="--", c="k")
plt.title("Ten of the paths")
plt.show()

# %% fault: order or hidden state 1
cells.insert(1, cells.pop(2))
