# %%
import os

import numpy as np
import matplotlib.pyplot as plt

# %%
np.random.seed(3)
population = np.random.gamma(2.0, 30.0, size=50_000)
print(f"population mean {population.mean():.4f}")

# %%
n = int(os.environ.get("SURVEY_SAMPLE_SIZE", "200"))

# %%
samples = np.random.choice(population, size=(300, n))
means = samples.mean(axis=1)
print(f"standard error {means.std(ddof=1):.4f}, theory {population.std() / np.sqrt(n):.4f}")

# %%
plt.hist(means, bins=25)
plt.axvline(population.mean(), color="red")
plt.title("Sampling distribution of the mean")
plt.show()

# %% fault: environment 2
env["SURVEY_SAMPLE_SIZE"] = "350"
