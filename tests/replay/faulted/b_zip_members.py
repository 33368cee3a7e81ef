# %%
import json
import zipfile
from collections import Counter

import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

# %%
with zipfile.ZipFile("reviews.zip") as archive:
    for info in archive.infolist():
        print(info.filename, info.file_size)

# %%
with zipfile.ZipFile("reviews.zip") as archive, archive.open("reviews.json") as member:
    reviews = pd.DataFrame(json.load(member))
reviews.tail(3)

# %%
words = Counter(word for text in reviews.text for word in text.split())
words.most_common(3)

# %%
vectorizer = CountVectorizer()
X = vectorizer.fit_transform(reviews.text)
model = LogisticRegression(C=2.0).fit(X, reviews.good)
for word, weight in sorted(zip(vectorizer.get_feature_names_out(), model.coef_[0])):
    print(f"{word:6s} {weight:+.4f}")

# %% fault: data 1
import zipfile

with zipfile.ZipFile(folder / "reviews.zip") as archive:
    reviews = json.loads(archive.read("reviews.json"))
del reviews[4]
with zipfile.ZipFile(folder / "reviews.zip", "w") as archive:
    archive.writestr("reviews.json", json.dumps(reviews))
