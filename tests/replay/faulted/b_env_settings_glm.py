# %%
import os

import pandas as pd
import statsmodels.api as sm

# %%
DEFAULTS = {"min_age": "0", "max_fare": "500", "add_deck": "1"}
settings = {name: int(os.environ.get(f"SURVIVAL_{name.upper()}", default)) for name, default in DEFAULTS.items()}

# %%
passengers = pd.read_feather("passengers.feather").dropna()
passengers = passengers[(passengers.age >= settings["min_age"]) & (passengers.fare <= settings["max_fare"])]
print(len(passengers), "passengers")

# %%
X = pd.get_dummies(passengers[["age", "fare", "sex"] + ["deck"] * settings["add_deck"]], drop_first=True, dtype=float)
glm = sm.GLM(passengers["survived"], sm.add_constant(X), family=sm.families.Binomial()).fit()

# %%
pd.DataFrame({"coef": glm.params, "se": glm.bse, "p": glm.pvalues}).round(4)

# %% fault: environment 1
env["SURVIVAL_MIN_AGE"] = "18"
