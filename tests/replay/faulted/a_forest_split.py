# %%
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

# %%
df = pd.read_feather("passengers.feather")
df["female"] = df["sex"].eq("f").astype(int)
X, y = df[["age", "fare", "female"]], df["survived"]
df.isna().sum()

# %%
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=7)
print(X_train.shape, X_test.shape)

# %%
clf = make_pipeline(SimpleImputer(strategy="median"), RandomForestClassifier(n_estimators=40, max_depth=5, random_state=7))
clf.fit(X_train, y_train)

# %%
proba = clf.predict_proba(X_test)[:, 1]
print("accuracy", round(accuracy_score(y_test, proba > 0.5), 4))
print("auc", round(roc_auc_score(y_test, proba), 6))

# %%
pd.Series(clf[-1].feature_importances_, index=X.columns).sort_values(ascending=False)

# %% fault: randomness 2
cells[2] = cells[2].replace(", random_state=7", "")
