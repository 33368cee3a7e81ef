# %%
import lightgbm as lgb
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

# %%
passengers = pd.read_feather("passengers.feather")
for column in ["sex", "deck"]:
    passengers[column] = passengers[column].astype("category")
X, y = passengers.drop(columns="survived"), passengers["survived"]

# %%
X_train, X_valid, y_train, y_valid = train_test_split(X, y, test_size=0.25, stratify=y, random_state=42)
print(X_train.shape, X_valid.shape)

# %%
model = lgb.LGBMClassifier(n_estimators=40, num_leaves=7, learning_rate=0.1, random_state=42, n_jobs=1, verbose=-1)
model.fit(X_train, y_train, eval_set=[(X_valid, y_valid)], eval_metric="auc", callbacks=[lgb.log_evaluation(20)])

# %%
auc = roc_auc_score(y_valid, model.predict_proba(X_valid)[:, 1])
print(f"AUC {auc:.4f}")

# %%
lgb.plot_importance(model, figsize=(5, 3))
plt.show()

# %% fault: randomness 2
assert ", random_state=42" in cells[2]
cells[2] = cells[2].replace(", random_state=42", "")
