# %%
import io
import json
import zipfile

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

# %%
STOP = ["and"]

def read_reviews(archive):
    with zipfile.ZipFile(archive) as z:
        return pd.read_json(io.StringIO(z.read("reviews.json").decode()))

# %%
reviews = read_reviews("reviews.zip")
reviews["words"] = reviews["text"].str.split().str.len()
reviews["mentions_food"] = reviews["text"].str.contains("food")
reviews.head(4)

# %%
vec = TfidfVectorizer(stop_words=STOP)
X = vec.fit_transform(reviews["text"])
pd.DataFrame(X.toarray(), columns=vec.get_feature_names_out()).head(4).round(4)

# %%
lr = LogisticRegression(C=10).fit(X, reviews["good"])
weights = pd.Series(lr.coef_[0], vec.get_feature_names_out()).sort_values()
print(weights.round(4).to_string())

# %%
print(lr.predict(vec.transform(["warm but bad", "good cold food"])))

# %% fault: data 2
import zipfile

with zipfile.ZipFile(folder / "reviews.zip") as archive:
    reviews = json.loads(archive.read("reviews.json"))
del reviews[-1]
with zipfile.ZipFile(folder / "reviews.zip", "w") as archive:
    archive.writestr("reviews.json", json.dumps(reviews))
