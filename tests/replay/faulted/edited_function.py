# %%
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error


# %%
def clean(data):
    return data.assign(double=data.a * 2).dropna()

# %%
data = clean(pd.DataFrame({"a": range(40), "b": [n % 7 + 0.5 * n for n in range(40)]}))
data.describe()

# %%
model = Ridge(alpha=0.5).fit(data[["a", "double"]], data["b"])
mae = mean_absolute_error(data["b"], model.predict(data[["a", "double"]]))
print(f"{mae:.6f}")

# %% fault: order or hidden state 1
cells[1] = cells[1].replace("* 2", "** 2")
