# %%
%load_ext autoreload
%autoreload 2

# %%
import pandas as pd
from housing import train

# %%
houses = pd.read_excel("houses.xlsx")
houses.head(3)

# %%
model, mae = train(houses, 4)
print(f"{mae:.4f}")

# %%
grid = pd.DataFrame({"area": range(30, 130, 20), "rooms": [1, 2, 3, 4, 5]})
grid.assign(price=model.predict(grid).round(2))

# %% fault: code 1
text = (folder / "housing.py").read_text()
assert "random_state=8)" in text
(folder / "housing.py").write_text(text.replace("random_state=8)", 'random_state=8, criterion="absolute_error")'))
