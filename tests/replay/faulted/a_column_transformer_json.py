# %%
import json

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# %%
features = ["area", "rooms", "region"]
target = "price"

# %%
with open("houses.json") as f:
    raw = json.load(f)
houses = pd.DataFrame(raw).reset_index(drop=True)
len(houses)

# %%
prep = ColumnTransformer([("num", StandardScaler(), ["area", "rooms"]), ("cat", OneHotEncoder(handle_unknown="ignore"), ["region"])])
model = Pipeline([("prep", prep), ("ridge", Ridge(alpha=1.0))])
model

# %%
cv = KFold(5, shuffle=True, random_state=0)
scores = cross_val_score(model, houses[features], houses[target], cv=cv, scoring="neg_mean_absolute_error")
print("MAE per fold:", (-scores).round(4))
print(f"MAE {-scores.mean():.4f} +- {scores.std():.4f}")

# %%
model.fit(houses[features], houses[target])
pd.Series(model["ridge"].coef_, model["prep"].get_feature_names_out()).round(4)

# %% fault: data 2
path = folder / "houses.json"
raw = json.loads(path.read_text())
raw["price"]["17"] = round(raw["price"]["17"] + 1, 2)
path.write_text(json.dumps(raw))
