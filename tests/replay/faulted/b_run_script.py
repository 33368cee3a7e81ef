# %%
import pandas as pd

%matplotlib inline

# %%
%run housing.py

# %%
houses = pd.read_parquet("houses.parquet")
houses.info(memory_usage=False)

# %%
scores = {}
for depth in range(1, 6):
    model, scores[depth] = train(houses, depth)
pd.Series(scores, name="mae").round(4)

# %%
pd.Series(scores).plot(marker="o", figsize=(5, 3), xlabel="depth", ylabel="mae");

# %% fault: code 1
text = (folder / "housing.py").read_text()
assert '["area", "rooms"]' in text
(folder / "housing.py").write_text(text.replace('["area", "rooms"]', '["rooms"]'))
