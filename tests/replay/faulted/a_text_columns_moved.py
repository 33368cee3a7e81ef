# %%
import pandas as pd

people = pd.DataFrame(
    {
        "name": ["  Ada Lovelace", "alan turing ", "Grace  Hopper", "edsger dijkstra", "Barbara LISKOV"],
        "email": ["ada@math.org", "alan@bletchley.uk", "GRACE@navy.mil", None, "liskov@mit.edu"],
    }
)

# %%
people["name"] = people["name"].str.strip().str.replace(r"\s+", " ", regex=True).str.title()

# %%
people["email"] = people["email"].str.lower().fillna("unknown@example.com")

# %%
people[["user", "domain"]] = people["email"].str.split("@", expand=True)
people["tld"] = people["domain"].str.extract(r"\.(\w+)$")

# %%
people["initials"] = people["name"].str.findall(r"[A-Z]").str.join("")
people

# %%
people["tld"].value_counts().sort_index()

# %% fault: order or hidden state 1
cells.insert(5, cells.pop(1))
