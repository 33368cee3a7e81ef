# %%
from dataclasses import dataclass, field, replace

import pandas as pd
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor

# %%
@dataclass(frozen=True)
class Config:
    depth: int = 3
    leaf: int = 5
    features: list = field(default_factory=lambda: ["area", "rooms"])


@dataclass
class Experiment:
    config: Config
    scores: dict = field(default_factory=dict)

    def run(self, name, train, test):
        model = DecisionTreeRegressor(max_depth=self.config.depth, min_samples_leaf=self.config.leaf, random_state=0)
        model.fit(train[self.config.features], train["price"])
        self.scores[name] = r2_score(test["price"], model.predict(test[self.config.features]))
        return self

# %%
houses = pd.read_csv("houses.csv")
train, test = houses.iloc[:150], houses.iloc[150:]
len(train), len(test)

# %%
base = Config()
experiment = Experiment(base)
experiment.run("both", train, test)
experiment.config = replace(base, features=["area"])
experiment.run("area", train, test)

# %%
pd.Series(experiment.scores).round(5)

# %% fault: order or hidden state 1
assert "leaf: int = 5" in cells[1]
cells[1] = cells[1].replace("leaf: int = 5", "leaf: int = 25")
