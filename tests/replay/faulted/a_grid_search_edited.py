# %%
import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

RANDOM_STATE = 13

# %%
X, y = make_classification(n_samples=240, n_features=8, n_informative=4, flip_y=0.1, random_state=RANDOM_STATE)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=RANDOM_STATE)

# %%
grid = {"svc__C": [0.1, 1, 10], "svc__gamma": ["scale", 0.01]}

# %%
search = GridSearchCV(
    Pipeline([("scale", StandardScaler()), ("svc", SVC())]),
    grid,
    cv=StratifiedKFold(4, shuffle=True, random_state=RANDOM_STATE),
    n_jobs=2,
)
search.fit(X_train, y_train)

# %%
results = pd.DataFrame(search.cv_results_)[["param_svc__C", "param_svc__gamma", "mean_test_score", "rank_test_score"]]
results.sort_values("rank_test_score").round(4)

# %%
print(search.best_params_, f"test accuracy {search.score(X_test, y_test):.4f}")

# %% fault: order or hidden state 2
cells[2] = cells[2].replace("[0.1, 1, 10]", "[0.1, 1, 100]")
