# %%
import json
import housing
import pandas as pd

# %%
houses = pd.read_json("houses.json")
houses.shape

# %%
parts = {region: part for region, part in houses.groupby("region")}
{region: len(part) for region, part in parts.items()}

# %%
report = {}
for region, part in parts.items():
    model, mae = housing.train(part, depth=3)
    report[region] = {"mae": round(mae, 4), "importance": [round(float(v), 4) for v in model.feature_importances_]}
print(json.dumps(report, indent=1))

# %%
with open("report.json", "w") as file:
    json.dump(report, file)

# %% fault: code 0
text = (folder / "housing.py").read_text()
assert "random_state=8" in text
(folder / "housing.py").write_text(text.replace("random_state=8", "random_state=8, min_samples_leaf=6"))
