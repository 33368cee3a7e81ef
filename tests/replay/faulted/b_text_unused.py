# %%
import json
import re
import zipfile
from collections import Counter

# %%
with zipfile.ZipFile("reviews.zip") as archive:
    raw = json.loads(archive.read("reviews.json"))
texts = [entry["text"] for entry in raw]

# %%
STOP = {"the", "a", "and"}
EMOJI = re.compile(r"[\U0001F600-\U0001F64F]")

# %%
def tokens(text):
    return [word for word in re.findall(r"[a-z]+", text.lower()) if word not in {"and", "or"}]

# %%
def bigrams(words):
    return list(zip(words, words[1:]))

# %%
counts = Counter(word for text in texts for word in tokens(text))
pairs = Counter(pair for text in texts for pair in bigrams(tokens(text)))
for word, n in sorted(counts.items()):
    print(f"{word:<6}{n:>4}")

# %%
print(json.dumps({" ".join(pair): n for pair, n in sorted(pairs.items())}, indent=2))

# %% fault: nothing none
assert cells[2].startswith("STOP")
del cells[2]
