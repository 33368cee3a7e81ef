# %%
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_validate

# %%
houses = np.loadtxt("houses.txt")
df = pd.DataFrame(houses, columns=["area", "rooms", "price"]).astype({"rooms": int})
df.dtypes

# %%
def mape(y_true, y_pred):
    return float(np.mean(np.abs((y_true - y_pred) / y_true)))

# %%
cv = cross_validate(LinearRegression(), df[["area", "rooms"]], df["price"], cv=5, scoring=("r2", "neg_mean_absolute_error"))
print("r2 ", cv["test_r2"].round(4))
print("mae", (-cv["test_neg_mean_absolute_error"]).round(4))

# %%
lin = LinearRegression().fit(df[["area", "rooms"]], df["price"])
lin

# %%
print(dict(zip(["area", "rooms"], lin.coef_.round(4))), round(lin.intercept_, 3))

# %% fault: nothing none
del cells[2]
