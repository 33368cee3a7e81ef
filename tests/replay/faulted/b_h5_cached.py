# %%
from pathlib import Path

import h5py
import numpy as np
import matplotlib.pyplot as plt

CACHE = Path("signals.h5")

# %%
def simulate(path, sensors=4, n=500):
    t = np.linspace(0, 10, n)
    with h5py.File(path, "w") as file:
        file["time"] = t
        for k in range(sensors):
            data = file.create_dataset(f"sensor/{k}", data=np.sin((k + 1) * t) * np.exp(-t / (5 + k)))
            data.attrs["gain"] = 1.0 + k / 10


if not CACHE.exists():
    simulate(CACHE)

# %%
with h5py.File(CACHE, "r") as file:
    t = file["time"][:]
    signals = {name: data[:] * data.attrs["gain"] for name, data in file["sensor"].items()}
{name: signal.shape for name, signal in signals.items()}

# %%
power = {name: float(np.sum(signal**2)) for name, signal in signals.items()}
for name, value in power.items():
    print(f"sensor {name}: {value:.5f}")

# %%
plt.figure(figsize=(6, 3))
for name, signal in signals.items():
    plt.plot(t, signal, lw=0.8, label=name)
plt.legend(title="sensor")
plt.show()

# %% fault: data 2
import h5py

with h5py.File(folder / "signals.h5", "r+") as file:
    file["sensor/2"][100] = 3.5
