# %%
import pandas as pd
import matplotlib.pyplot as plt

# %%
houses = pd.read_excel("houses.xlsx")
houses.sample(3, random_state=1)

# %%
from housing import train

# %%
errors = {}
for depth in (2, 4, 6):
    model, errors[depth] = train(houses, depth)
print({depth: round(error, 4) for depth, error in errors.items()})

# %%
plt.plot(list(errors), list(errors.values()), marker="s")
plt.xlabel("depth")
plt.ylabel("MAE")

# %% fault: code 2
path = folder / "housing.py"
path.write_text(path.read_text().replace("max_depth=depth,", "max_depth=depth, min_samples_leaf=4,"))
