# %%
import numpy as np
import pandas as pd

rng = np.random.default_rng(99)
hours = pd.date_range("2024-03-01", periods=24 * 14, freq="h")
sensor = pd.DataFrame({"time": hours, "temp": (15 + 5 * np.sin(np.arange(len(hours)) / 24 * 2 * np.pi) + rng.normal(0, 0.5, len(hours))).round(2)})
sensor.to_csv("sensor.csv", index=False)

# %%
readings = pd.read_csv("sensor.csv", parse_dates=["time"], index_col="time")
readings.describe().round(3)

# %%
daily = readings["temp"].resample("D").agg(["min", "mean", "max"])
daily.round(2)

# %%
daily.to_json("daily.json", orient="split", date_format="iso")

# %%
back = pd.read_json("daily.json", orient="split")
print("warmest day", back["max"].idxmax(), round(back["max"].max(), 2))

# %%
back[["min", "max"]].plot(title="Daily range")

# %% fault: nothing none
path = folder / "sensor.csv"
path.write_text(path.read_text().replace("2024-03-05", "2024-03-06"))
