# %%
import os
import json

import pandas as pd

# %%
def settings():
    rounding = 1 if "REPORT_SHORT" in os.environ else 3
    return {"round": rounding, "by": "deck"}

# %%
passengers = pd.read_csv("passengers.csv")
passengers["age_group"] = pd.cut(passengers["age"], [0, 18, 40, 80], labels=["young", "adult", "old"])
passengers["age_group"].value_counts(dropna=False).sort_index()

# %%
config = settings()
table = passengers.groupby([config["by"], "age_group"], observed=True)["survived"].mean().unstack()

# %%
table.round(config["round"])

# %%
with open("report.json", "w") as f:
    json.dump(table.round(config["round"]).to_dict(), f, indent=1)

# %%
print(pd.read_json("report.json").loc["A", "old"])

# %% fault: environment 3
env["REPORT_SHORT"] = "1"
