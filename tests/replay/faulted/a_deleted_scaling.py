# %%
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

# %%
houses = pd.read_parquet("houses.parquet", columns=["area", "rooms", "price"])
X = houses.copy()

# %%
X = (X - X.mean()) / X.std()

# %%
pca = PCA(n_components=2, random_state=0)
Z = pca.fit_transform(X)
print("explained:", pca.explained_variance_ratio_.round(4))

# %%
for k in range(2, 6):
    labels = KMeans(k, n_init=5, random_state=0).fit_predict(X)
    print(k, round(silhouette_score(X, labels), 4))

# %%
houses["cluster"] = KMeans(3, n_init=5, random_state=0).fit_predict(X)
houses.groupby("cluster").mean().sort_values("price").round(2)

# %% fault: order or hidden state 2
del cells[2]
