# %%
import csv
from itertools import islice

import numpy as np

# %%
def stream(path):
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            yield float(row["area"]), float(row["price"])


def batches(pairs, size):
    while batch := list(islice(pairs, size)):
        yield np.array(batch)

# %%
feed = batches(stream("houses.csv"), 25)

# %%
warm_up = next(feed)
scale = 100.0

# %%
def sgd(feed, rate=1e-2):
    slope, intercept = 0.0, 0.0
    for step, batch in enumerate(feed):
        x, y = batch[:, 0] / scale, batch[:, 1]
        error = slope * x + intercept - y
        slope -= rate * (error * x).mean()
        intercept -= rate * error.mean()
        yield step, slope, intercept, float((error**2).mean())

# %%
scale = 50.0
history = list(sgd(feed))
for step, slope, intercept, loss in history:
    print(f"{step} {slope:9.4f} {intercept:9.4f} {loss:12.3f}")

# %%
np.array(history)[:, 3].mean().round(4)

# %% fault: order or hidden state 3
assert cells[3].startswith("warm_up")
del cells[3]
