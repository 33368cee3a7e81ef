"""What is no secret: ids, digests, numbers, paths, words, and code as people write it."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import random
import string
import uuid
from pathlib import Path

from blake3 import blake3

from nbmlops.ledger.ids import new_id

# Lines of notebooks in which a secret's word stands and no secret does.
NOTEBOOK = [
    'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")',
    "tokenizer=tokenizer, max_tokens=100, token_count=12, n_tokens=5",
    "max_new_tokens = 256",
    "pad_token_id=tokenizer.eos_token_id",
    "tokenizer.pad_token = tokenizer.eos_token",
    'eos_token="</s>", bos_token="<s>", pad_token="[PAD]"',
    'tokens = nltk.word_tokenize("the cat sat on the mat")',
    "token = tokens[0]",
    "for token in doc: print(token.text, token.pos_)",
    "counts[token] = counts.get(token, 0) + 1",
    'token_pattern=r"(?u)\\b\\w\\w+\\b"',
    'df = df.rename(columns={"token": "word", "key": "id"})',
    'df[["user", "token", "password_length"]].head()',
    'df["password_length"] = df["password"].str.len()',
    "password_length = 8",
    'password = getpass("Password: ")',
    "password = getpass.getpass()",
    'api_key = os.environ["API_KEY"]',
    'api_key = os.environ.get("OPENAI_API_KEY")',
    'api_key = os.getenv("OPENAI_API_KEY", None)',
    "api_key=api_key, token=token, password=password",
    "client = OpenAI(api_key=settings.openai_api_key)",
    'client = OpenAI(api_key=userdata.get("OPENAI_API_KEY"))',
    'secrets = toml.load(".streamlit/secrets.toml")',
    'secret = dbutils.secrets.get(scope="prod", key="db-password")',
    'engine = create_engine(f"postgresql://{user}:{password}@{host}/{db}")',
    'engine = create_engine(os.environ["DATABASE_URL"])',
    'engine = create_engine("sqlite:///data/flights.db")',
    'headers = {"Authorization": f"Bearer {token}"}',
    'headers = {"Authorization": "Bearer " + token}',
    "requests.get(url, headers=headers, auth=(user, password))",
    'requests.get(f"https://api.example.org/v1?token={token}&page=1")',
    'df = pd.read_csv("secret_santa.csv")',
    'df = pd.read_csv("data/passwords.csv", dtype={"password": "string", "token": "object"})',
    "data = json.dumps(found, sort_keys=True, indent=2)",
    'sorted(rows, key=lambda row: row["key"])',
    'rows.sort(key=itemgetter("id"))',
    'left.merge(right, left_on="key", right_on="foreign_key", how="left")',
    'primary_key = "flight_id"',
    'key = "id"',
    'author = "Ada Lovelace"',
    'authors = ["Ada Lovelace", "Grace Hopper"]',
    "auth = True",
    "authenticated = False",
    'keywords = {"password", "secret", "token"}',
    'columns = ["password", "token", "secret_key", "api_key"]',
    'parser.add_argument("--token", type=str, help="the token to use")',
    'parser.add_argument("--password", default=None)',
    "def login(user: str, password: str, token: str | None = None) -> bool:",
    "def login(user: str, password: Optional[str] = None, api_key: SecretStr = Field(...)):",
    "password: str",
    "token: Optional[str] = None",
    'if password is None or token == "":',
    'if token in ("the", "a", "an"):',
    'assert token != "[UNK]"',
    'print("password: ", len(password))',
    'print(f"token: {token}, n = {n}")',
    'raise ValueError("the password is wrong")',
    "help: use --password-file FILE instead of --password",
    "Enter your password:",
    "Password for ada:",
    "# the secret of a good model is its data",
    "jwt = create_access_token(identity=user)",
    "key = jax.random.PRNGKey(0)",
    'public_key = load("key.pub")',
    'cookie = response.cookies["session"]',
    'keyboard = "qwerty"',
    "passes = 3",
    'pipeline = Pipeline([("vect", CountVectorizer(token_pattern=None)), ("clf", SGDClassifier(penalty="l2"))])',
    "git+https://github.com/ada/flights.git@main",
    "ssh://git@github.com/ada/flights.git",
    "git@github.com:ada/flights.git",
    "https://example.org:8443/@scope/package@1.2.3",
    "http://localhost:8888/lab/tree/notebooks",
    "s3://bucket/prefix/part-0001.parquet",
    "mailto:ada@example.org?subject=token",
    "sk-learn-contrib-imbalanced-learn-0.12",
    "scikit-learn-intelex==2024.7.0",
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    '"integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="',
    'if "-----BEGIN PRIVATE KEY-----" in text: raise ValueError',
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada@example.org",
    'model = Ridge(alpha=0.5).fit(data[["a"]], data["b"])',
    'mae = mean_absolute_error(test["b"], model.predict(test[["a"]]))',
]


def values(seed: int, each: int = 800) -> list[str]:
    """Ordinary values: digests, ids, numbers, paths, addresses, times, names, base64 of pictures."""
    rng = random.Random(seed)
    word = lambda low=3, high=10: "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(low, high)))  # noqa: E731
    found: list[str] = []
    for _ in range(each):
        raw = rng.randbytes(16)
        found += [
            "blake3:" + blake3(raw).hexdigest(), "sha256:" + hashlib.sha256(raw).hexdigest(), hashlib.sha256(raw).hexdigest(),
            hashlib.sha1(raw).hexdigest(), hashlib.md5(raw).hexdigest(), hashlib.sha1(raw).hexdigest()[:7], str(uuid.UUID(bytes=raw)),
            new_id("run"), new_id("model"), str(rng.randint(-(10**12), 10**12)), repr(rng.uniform(-1e6, 1e6)), f"{rng.random():.3e}",
            f"/home/{word()}/{word()}/{word()}.csv", f"{word()}/{word()}_{word()}.ipynb", f"C:\\Users\\{word()}\\{word()}.parquet",
            f"{word()}.{word()}@{word()}.org", f"https://{word()}.{word()}.org/{word()}/{word()}?page={rng.randint(1, 99)}&q={word()}",
            f"20{rng.randint(10, 30)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:07:11+00:00",
            f"{word()}_{word()}", word().title() + word().title() + "Classifier", f"{word()}=={rng.randint(0, 9)}.{rng.randint(0, 30)}.{rng.randint(0, 9)}",
            f"{word()} {word()} {word()}, {word()}.", base64.b64encode(b"\x89PNG\r\n\x1a\n" + rng.randbytes(600)).decode(),
            f"{rng.randint(1, 255)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}:{rng.randint(1000, 65535)}",
            f"<{word().title()} at 0x{rng.randint(2**40, 2**47):x}>", f"{word()}__{word()}", "#" + raw.hex()[:6], f"{word()}-{word()}-{rng.randint(1, 99)}",
        ]  # fmt: skip
    return found


def source_lines(packages: tuple[str, ...], size: int, seed: int) -> list[str]:
    """Lines of installed packages, as many as asked for."""
    lines: set[str] = set()
    for package in packages:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations if spec else None) or ():
            for path in sorted(Path(place).rglob("*.py")):
                lines.update(line for line in path.read_text("utf-8", "replace").split("\n") if line.strip())
    return random.Random(seed).sample(sorted(lines), min(size, len(lines)))
