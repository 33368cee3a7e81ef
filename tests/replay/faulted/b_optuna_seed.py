# %%
import optuna
import pandas as pd
from sklearn.linear_model import ElasticNet
from sklearn.model_selection import KFold, cross_val_score

optuna.logging.set_verbosity(optuna.logging.WARNING)

# %%
houses = pd.get_dummies(pd.read_csv("houses.csv"), columns=["region"], dtype=float)
X, y = houses.drop(columns="price"), houses["price"]
X.shape

# %%
def objective(trial):
    model = ElasticNet(alpha=trial.suggest_float("alpha", 1e-3, 10, log=True), l1_ratio=trial.suggest_float("l1_ratio", 0, 1))
    folds = KFold(4, shuffle=True, random_state=1)
    return -cross_val_score(model, X, y, cv=folds, scoring="neg_mean_absolute_error").mean()

# %%
study = optuna.create_study(study_name="houses", sampler=optuna.samplers.TPESampler(seed=7))

# %%
study.optimize(objective, n_trials=12)
print(f"{study.best_value:.5f}", {name: round(value, 5) for name, value in study.best_params.items()})

# %%
study.trials_dataframe(attrs=("number", "value", "params")).round(5).head()

# %% fault: randomness 3
assert "seed=7" in cells[3]
cells[3] = cells[3].replace("TPESampler(seed=7)", "TPESampler()")
