# %%
import sqlite3
from collections import defaultdict
from contextlib import closing

import numpy as np

# %%
connection = sqlite3.connect("houses.sqlite")
connection.row_factory = sqlite3.Row

# %%
rows = connection.execute("select region, rooms, area, price from house where rooms >= ? order by rowid", (3,)).fetchall()
print(len(rows), "houses,", rows[0].keys())

# %%
per_region = defaultdict(list)
for row in rows:
    per_region[row["region"]].append(row["price"] / row["area"])
for region in sorted(per_region):
    print(region, len(per_region[region]), f"{np.mean(per_region[region]):.4f}")

# %%
with closing(connection.cursor()) as cursor:
    cursor.execute("select rooms, max(price) - min(price) as spread from house group by rooms order by rooms")
    for rooms, spread in cursor:
        print(f"{rooms} rooms: {spread:8.2f}")

# %%
connection.close()

# %% fault: data 2
import sqlite3

changed = sqlite3.connect(folder / "houses.sqlite")
changed.execute("update house set price = price * 1.2 where rowid = (select min(rowid) from house where rooms = 4)")
changed.commit()
changed.close()
