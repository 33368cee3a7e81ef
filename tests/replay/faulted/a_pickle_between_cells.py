# %%
import pickle
from pathlib import Path

import pandas as pd
from sklearn.tree import DecisionTreeRegressor, export_text

out = Path("artifacts")
out.mkdir(exist_ok=True)

# %%
houses = pd.read_csv("houses.csv")
X, y = houses[["area", "rooms"]], houses["price"]

# %%
tree = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
with open(out / "tree.pkl", "wb") as f:
    pickle.dump({"model": tree, "columns": list(X.columns)}, f)

# %%
del tree

# %%
with open(out / "tree.pkl", "rb") as f:
    saved = pickle.load(f)
print(export_text(saved["model"], feature_names=saved["columns"], decimals=1))

# %%
residuals = y - saved["model"].predict(houses[saved["columns"]])
print(f"RMSE {(residuals**2).mean() ** 0.5:.4f}")

# %% fault: order or hidden state 2
cells[2] = cells[2].replace("max_depth=3", "max_depth=3, min_samples_leaf=15")
