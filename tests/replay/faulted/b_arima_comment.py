# %%
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.arima.model import ARIMA

# %%
rng = np.random.default_rng(5)
months = pd.date_range("2015-01-01", periods=96, freq="MS")
noise = rng.normal(0, 1, len(months)).cumsum() * 0.3
sales = pd.Series(20 + 0.1 * np.arange(96) + 2 * np.sin(np.arange(96) * np.pi / 6) + noise, index=months, name="sales")
sales.tail(3).round(3)

# %%
train, test = sales[:-12], sales[-12:]

# %%
auto = AutoReg(train, lags=[1, 12], trend="ct").fit()
print(auto.params.round(4).to_string())

# %%
arima = ARIMA(train, order=(1, 1, 1)).fit()
forecasts = pd.DataFrame({"autoreg": auto.forecast(12), "arima": arima.forecast(12)})
forecasts.sub(test, axis=0).abs().mean().round(3)

# %%
ax = sales[-36:].plot(figsize=(6, 3), label="sales")
forecasts.plot(ax=ax, style="--")
ax.legend()
plt.show()

# %% fault: nothing none
cells[4] = "# the last year is held out\n" + cells[4]
