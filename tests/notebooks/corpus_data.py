"""The data that the corpus of notebooks reads, made anew in a folder: houses, passengers, regions, reviews."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

OWN_MODULE = '''"""A module of the user's own."""

from sklearn.metrics import mean_absolute_error
from sklearn.tree import DecisionTreeRegressor


def train(houses, depth):
    model = DecisionTreeRegressor(max_depth=depth, random_state=8)
    model.fit(houses[["area", "rooms"]], houses.price)
    return model, mean_absolute_error(houses.price, model.predict(houses[["area", "rooms"]]))
'''


def make(folder: Path) -> None:
    """Every file that a notebook of the corpus reads."""
    rng = np.random.default_rng(0)
    rooms = rng.integers(1, 6, 200)
    area = rooms * 25.0 + rng.normal(0, 8, 200)
    houses = pd.DataFrame(
        {"area": area.round(1), "rooms": rooms, "region": rng.choice(list("abc"), 200), "price": (area * 3 + 100 + rng.normal(0, 10, 200)).round(2)}
    )
    houses.to_csv(folder / "houses.csv", index=False)
    houses.to_parquet(folder / "houses.parquet")
    houses.to_json(folder / "houses.json")
    houses.to_excel(folder / "houses.xlsx", index=False)
    np.savetxt(folder / "houses.txt", houses[["area", "rooms", "price"]].to_numpy())
    connection = sqlite3.connect(folder / "houses.sqlite")
    houses.to_sql("house", connection, index=False)
    connection.close()
    pd.DataFrame({"region": list("abc"), "income": [10.0, 20.0, 30.0]}).to_csv(folder / "regions.csv", index=False)
    age, fare = rng.uniform(1, 80, 300), rng.lognormal(3, 1, 300)
    passengers = pd.DataFrame(
        {
            "age": np.where(rng.random(300) < 0.1, np.nan, age.round()),
            "fare": fare.round(2),
            "sex": rng.choice(["f", "m"], 300),
            "deck": rng.choice(list("ABC"), 300),
            "survived": (rng.random(300) < 1 / (1 + np.exp(-(fare - 25) / 20))).astype(int),
        }
    )
    passengers.to_csv(folder / "passengers.csv", index=False)
    passengers.to_feather(folder / "passengers.feather")
    reviews = [{"text": text, "good": good} for text, good in [("good and warm", 1), ("bad and cold", 0), ("warm food", 1), ("cold food", 0)]]
    with zipfile.ZipFile(folder / "reviews.zip", "w") as archive:
        archive.writestr("reviews.json", json.dumps(reviews * 3))
    (folder / "housing.py").write_text(OWN_MODULE)
