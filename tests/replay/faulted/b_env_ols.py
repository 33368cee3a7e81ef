# %%
import os

import pandas as pd
import statsmodels.formula.api as smf

# %%
houses = pd.read_csv("houses.csv")
houses["region"].value_counts().sort_index()

# %%
covariance = os.environ.get("HOUSE_COV", "nonrobust")
formula = "price ~ area + C(rooms) + C(region)"

# %%
fit = smf.ols(formula, data=houses).fit(cov_type=covariance)
print(fit.summary().tables[1])

# %%
fit.conf_int().round(3)

# %%
print(f"R2 {fit.rsquared:.5f}  AIC {fit.aic:.3f}")

# %% fault: environment 2
env["HOUSE_COV"] = "HC3"
