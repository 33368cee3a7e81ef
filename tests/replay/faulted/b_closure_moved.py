# %%
import pandas as pd

houses = pd.read_csv("houses.csv", nrows=60)

# %%
def pipeline():
    steps = []

    def step(function):
        steps.append(function)
        return function

    def run(value):
        for function in steps:
            value = function(value)
        return value

    return step, run


step, run = pipeline()

# %%
@step
def per_meter(frame):
    return frame.assign(value=frame.price / frame.area)

# %%
@step
def cap(frame):
    return frame.assign(area=frame.area.clip(upper=100))

# %%
@step
def summarise(frame):
    return frame.groupby("rooms")["value"].agg(["mean", "max"]).round(4)

# %%
run(houses)

# %% fault: order or hidden state 2
cells[2], cells[3] = cells[3], cells[2]
