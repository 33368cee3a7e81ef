"""What a call does to what it is given, by its name: the knowledge that keeps slices small.

A call nobody here knows may change its receiver and its arguments and give either back. Three assumptions of the tables
go beyond what Python promises, because without them a notebook's cells would all depend on each other: what pandas and
polars give back is a value of its own (copy on write); a fitted estimator keeps no hold on what it was fitted on; a
library's class, called, keeps its arguments and does not change them.
"""

from __future__ import annotations

import builtins
import re
from typing import Final, Literal

Result = Literal["atom", "fresh", "part", "gather", "stream", "holds", "figure", "receiver", "random", "any"]

LIBRARIES: Final = frozenset(
    {"IPython", "PIL", "abc", "altair", "base64", "bisect", "bokeh", "calendar", "catboost", "category", "category_encoders", "cmath",
     "collections", "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "duckdb", "enum", "fractions", "functools",
     "getpass", "glob", "gzip", "hashlib", "imblearn", "inspect", "io", "ipywidgets", "itertools", "joblib", "json", "lightgbm",
     "locale", "logging", "math", "matplotlib", "missingno", "nbmlops", "networkx", "numpy", "operator", "os", "pandas", "pathlib",
     "pickle", "platform", "plotly", "polars", "pprint", "pyarrow", "random", "re", "requests", "scipy", "seaborn", "secrets", "shap",
     "shutil", "sklearn", "statistics", "statsmodels", "string", "subprocess", "sympy", "sys", "tempfile", "textwrap", "time", "tqdm",
     "traceback", "types", "typing", "urllib", "uuid", "warnings", "xgboost", "yellowbrick", "zipfile", "zoneinfo"}
)  # fmt: skip
# What a name most likely is where its import was not seen.
USUAL: Final = {
    "np": "numpy",
    "pd": "pandas",
    "pl": "polars",
    "pa": "pyarrow",
    "plt": "matplotlib.pyplot",
    "sns": "seaborn",
    "px": "plotly.express",
    "go": "plotly.graph_objects",
    "sm": "statsmodels.api",
    "tf": "tensorflow",
    "xgb": "xgboost",
    "lgb": "lightgbm",
}
_FIGURES: Final = frozenset({"matplotlib", "seaborn", "plotly", "bokeh", "altair", "missingno"})
# Views: what comes back shares memory with what went in.
_VIEWS: Final = frozenset(
    {"accumulate", "array_split", "as_strided", "as_tensor", "asanyarray", "asarray", "ascontiguousarray", "asdict", "asfortranarray",
     "atleast_1d", "atleast_2d", "atleast_3d", "attrgetter", "batched", "broadcast_arrays", "broadcast_to", "cache", "cached_property",
     "cast", "chain", "check_X_y", "check_array", "clone", "closing", "column_or_1d", "combinations", "compress", "contextmanager",
     "copy", "cycle", "dataclass", "delayed", "diag", "diagonal", "dropwhile", "dsplit", "expand_dims", "field", "filterfalse", "flip",
     "fliplr", "flipud", "from_numpy", "frombuffer", "get_backend", "groupby", "hsplit", "imag", "indexable", "is_figure", "islice",
     "itemgetter", "jit", "lru_cache", "make_column_transformer", "make_pipeline", "make_scorer", "make_union", "matrix_transpose",
     "memoize", "moveaxis", "nan_to_num", "ndenumerate", "nditer", "njit", "nullcontext", "pairwise", "partial", "permutations",
     "product", "ravel", "ravel_multi_index", "real", "reduce", "replace", "require", "reshape", "rollaxis", "rot90", "singledispatch",
     "sliding_window_view", "split", "squeeze", "starmap", "swapaxes", "takewhile", "tee", "total_ordering", "tqdm", "trange",
     "transpose", "vectorize", "vsplit", "wraps", "zip_longest"}
)  # fmt: skip
_MUTATES_FIRST: Final = frozenset(
    {"anext", "bisect.insort", "bisect.insort_left", "bisect.insort_right", "collections.deque.append", "delattr", "heapq.heapify",
     "heapq.heappop", "heapq.heappush", "heapq.heappushpop", "heapq.heapreplace", "next", "numpy.copyto", "numpy.fill_diagonal",
     "numpy.place", "numpy.put", "numpy.put_along_axis", "numpy.putmask", "numpy.random.shuffle", "operator.delitem", "operator.iadd",
     "operator.iconcat", "operator.imul", "operator.isub", "operator.setitem", "pandas.eval", "random.shuffle", "setattr"}
)  # fmt: skip
_SETTERS: Final = re.compile(
    r"set(_\w+)?|\w*_option|use|options?|register\w*|deregister\w*|enable\w*|disable\w*|filterwarnings|simplefilter|resetwarnings|basicConfig"
    r"|install|configure|setup\w*|reset\w*|rc|rcdefaults|captureWarnings|setLevel|seterr|setbufsize|invalidate_caches|reload|context"
)
# Module state that every later cell can meet.
PROCESS_CHANGES: Final = re.compile(
    r"os\.(chdir|putenv|unsetenv|umask)|locale\.setlocale|sys\.(setrecursionlimit|path\.\w+)|os\.environ\.(\w+)"
)
_PROCESS_READS: Final = re.compile(r"os\.environ\.(get|keys|items|values|copy)")

SEEDS: Final = {
    "numpy.random.seed": "numpy",
    "numpy.random.set_state": "numpy",
    "random.seed": "random",
    "random.setstate": "random",
    "torch.manual_seed": "torch",
    "torch.random.manual_seed": "torch",
    "torch.set_rng_state": "torch",
    "tensorflow.random.set_seed": "tensorflow",
}
_OWN_RANDOM: Final = frozenset(
    {"numpy.random.Generator", "numpy.random.MT19937", "numpy.random.PCG64", "numpy.random.RandomState", "numpy.random.SeedSequence",
     "numpy.random.default_rng", "random.Random", "random.SystemRandom", "torch.Generator"}
)  # fmt: skip
_DRAWING: Final = re.compile(
    r"sklearn\..*\.(train_test_split|make_\w+|cross_\w+|permutation_\w+|shuffle|resample|learning_curve|validation_curve|k_means|mutual_info\w*)"
    r"|torch\.(rand\w*|normal|bernoulli|multinomial|nn\..*)|scipy\..*\.rvs"
)

ATOMS: Final = frozenset(
    {"all", "any", "ascii", "bin", "bool", "breakpoint", "bytes", "callable", "chr", "complex", "dir", "display", "divmod", "float",
     "format", "hasattr", "hash", "help", "hex", "id", "input", "int", "isinstance", "issubclass", "len", "oct", "ord", "print",
     "range", "repr", "str", "type"}
)  # fmt: skip
_GATHER: Final = frozenset({"list", "tuple", "set", "frozenset", "dict", "sorted", "slice", "bytearray"})
_STREAM: Final = frozenset({"enumerate", "zip", "map", "filter", "iter", "reversed", "aiter", "open"})
_PICK: Final = frozenset({"min", "max", "getattr", "memoryview", "staticmethod", "classmethod", "property", "super"})
OPAQUE: Final = frozenset({"exec", "eval", "globals", "locals", "vars", "compile", "__import__"})
BUILTINS: Final = frozenset(dir(builtins)) | {
    "display",
    "get_ipython",
    "__name__",
    "__file__",
    "In",
    "Out",
    "_",
    "__",
    "___",
    "exit",
    "quit",
}

FITS: Final = frozenset({"fit", "fit_predict", "fit_resample", "fit_sample", "fit_transform", "partial_fit"})
_FIT_GIVES_SELF: Final = frozenset({"fit", "partial_fit"})
CONTAINER: Final = frozenset(
    {"add", "append", "appendleft", "clear", "difference_update", "discard", "extend", "extendleft", "insert", "intersection_update",
     "move_to_end", "pop", "popitem", "popleft", "remove", "reverse", "rotate", "setdefault", "sort", "subtract",
     "symmetric_difference_update", "update"}
)  # fmt: skip
# Methods that change nothing; what they give back is a value of its own.
_METHODS: Final = frozenset(
    {"abs", "absolute", "add_prefix", "add_suffix", "agg", "aggregate", "align", "all", "any", "apply", "apply_model", "applymap",
     "area", "argmax", "argmin", "argpartition", "argsort", "arrow", "as_integer_ratio", "as_posix", "asfreq", "asof", "assign",
     "astype", "at_time", "autocorr", "bar", "barh", "between", "between_time", "bfill", "bit_length", "bool", "box", "boxplot",
     "byteswap", "capitalize", "casefold", "cast", "ceil", "center", "choose", "clip", "collect", "column_names", "combine",
     "combine_first", "compare", "compress", "conjugate", "contains", "convert_dtypes", "copy", "corr", "corrwith", "count", "cov",
     "cummax", "cummin", "cumprod", "cumsum", "cumulative", "cut", "cv_results", "date", "day_name", "decision_function", "decode",
     "density", "describe", "df", "diff", "difference", "display", "div", "divide", "dot", "drop", "drop_duplicates", "drop_nulls",
     "dropna", "dtype", "dump", "dumps", "duplicated", "elements", "encode", "endswith", "eq", "equals", "estimate_size", "evaluate",
     "ewm", "exists", "exp", "expanding", "expandtabs", "explode", "export_text", "extract", "extractall", "factorize",
     "feature_importances", "fetchdf", "ffill", "fill_nan", "fill_null", "fillna", "filter", "filter_columns", "find", "findall",
     "first", "first_valid_index", "floor", "floordiv", "forecast", "format", "format_map", "fullmatch", "gather_every", "ge",
     "get_booster", "get_column", "get_columns", "get_depth", "get_dummies", "get_feature_names_out", "get_forecast", "get_indexer",
     "get_loc", "get_n_leaves", "get_params", "get_support", "glob", "group_by", "groupby", "gt", "head", "heatmap", "hex", "hexbin",
     "hist", "hstack", "iat", "idxmax", "idxmin", "index", "infer_objects", "info", "interpolate", "intersection", "inverse_transform",
     "is_dir", "is_duplicated", "is_file", "is_integer", "is_null", "is_unique", "isalnum", "isalpha", "isdigit", "isdisjoint", "isin",
     "islower", "isna", "isnull", "isnumeric", "isocalendar", "isoformat", "isspace", "issubset", "issuperset", "istitle", "isupper",
     "item", "items_count", "iter_rows", "iterrows", "itertuples", "join", "joinpath", "kde", "keys_count", "kneighbors", "kurt",
     "kurtosis", "last", "lazy", "le", "legend", "len", "levels", "limit", "line", "ljust", "lower", "lstrip", "lt", "mad", "map",
     "mask", "match", "max", "mean", "median", "melt", "memory_usage", "merge", "min", "mod", "mode", "month_name", "most_common",
     "mul", "multiply", "n_unique", "nbytes", "ne", "nlargest", "nonzero", "normalize", "notna", "notnull", "nsmallest", "null_count",
     "num_rows", "nunique", "pairplot", "partition", "partition_by", "pct_change", "pie", "pipe", "pivot", "pivot_table", "pl", "plot",
     "pop_count", "pow", "predict", "predict_interval", "predict_log_proba", "predict_proba", "prod", "product", "ptp", "quantile",
     "query", "radd", "rank", "rdiv", "read_bytes", "read_text", "reindex", "reindex_like", "relative_to", "removeprefix",
     "removesuffix", "rename", "rename_axis", "rename_columns", "reorder_levels", "repeat", "replace", "resample", "reset_index",
     "resolve", "rfind", "rfloordiv", "rglob", "rindex", "rjust", "rmul", "rolling", "round", "rpartition", "rpow", "rsplit", "rstrip",
     "rsub", "rtruediv", "sample", "save", "savefig", "scatter", "schema", "score", "score_samples", "searchsorted", "select",
     "select_dtypes", "sem", "set_axis", "set_index", "shift", "show", "skew", "slice", "sort_by", "sort_index", "sort_values",
     "split", "splitlines", "stack", "staged_predict", "startswith", "stat", "std", "str", "strftime", "strip", "style", "sub",
     "subtract_values", "sum", "summary", "swapcase", "swaplevel", "symmetric_difference", "tail", "take", "tight_layout", "time",
     "timestamp", "timetuple", "title", "to_clipboard", "to_csv", "to_datetime", "to_dict", "to_dicts", "to_excel", "to_feather",
     "to_frame", "to_html", "to_json", "to_latex", "to_list", "to_markdown", "to_pandas", "to_parquet", "to_period", "to_pickle",
     "to_pydict", "to_pylist", "to_series", "to_sql", "to_string", "to_timestamp", "tobytes", "tolist", "top_k", "tostring", "total",
     "total_seconds", "trace", "transform", "transform_rows", "translate", "truediv", "truncate", "tz_convert", "tz_localize", "union",
     "unique", "unnest", "unpivot", "unstack", "upper", "value_counts", "values_count", "var", "vstack", "weekday", "where",
     "with_columns", "with_columns_seq", "with_name", "with_row_index", "with_suffix", "write_csv", "write_ipc", "write_json",
     "write_parquet", "xs", "zfill"}
)  # fmt: skip
# Of these, what is given back holds what the receiver held.
KEEPING: Final = frozenset(
    {"copy", "difference", "elements", "filter", "get_params", "intersection", "most_common", "pipe", "replace", "select",
     "symmetric_difference", "union"}
)  # fmt: skip
# Methods that change nothing; what they give back may be a part or a view of the receiver.
_PARTS: Final = frozenset(
    {"__getitem__", "__iter__", "columns", "diagonal", "flatten", "get", "get_group", "get_value", "getfield", "group", "groupdict",
     "groups", "items", "iter_batches", "iter_columns", "joinpath", "keys", "named_steps", "parent", "parents", "ravel", "reshape",
     "span", "squeeze", "swapaxes", "to_arrow", "to_numpy", "transpose", "values", "view"}
)  # fmt: skip


class Effect:
    """What one call does. `changes` names what it may change: "r" the receiver, "a" every argument, "1" the first one, "p" its package."""

    __slots__ = ("changes", "draws", "process", "result", "seeds")

    def __init__(
        self, result: Result, changes: str = "", *, draws: tuple[str, ...] = (), seeds: str | None = None, process: bool = False
    ) -> None:
        self.result = result
        self.changes = changes
        self.draws = draws
        self.seeds = seeds
        self.process = process


ATOM, FRESH, PART, HOLDS, FIGURE = Effect("atom"), Effect("fresh"), Effect("part"), Effect("holds"), Effect("figure")
UNKNOWN_METHOD = Effect("any", "ra", draws=("*",))
_UNKNOWN_FUNCTION = Effect("any", "a", draws=("*",))
_UNKNOWN_STATEMENT = Effect("any", "ap", draws=("*",))
_MUTATOR = Effect("any", "c")
_FIT, _FIT_NEW = Effect("receiver", "r", draws=("numpy", "torch")), Effect("fresh", "r", draws=("numpy", "torch"))
_SAMPLE = Effect("fresh", draws=("numpy",))
_cache: dict[tuple[str, bool], Effect] = {}


def of_method(name: str) -> Effect:
    """Of a method, by its name alone: the receiver's type is not known.

    >>> of_method("head").changes, of_method("fit").changes, of_method("frobnicate").changes
    ('', 'r', 'ra')
    """
    if name in FITS:
        return _FIT if name in _FIT_GIVES_SELF else _FIT_NEW
    if name in CONTAINER:
        return _MUTATOR
    if name == "sample":
        return _SAMPLE
    if name in ("score", "item", "tolist_count"):
        return ATOM
    if name in _METHODS:
        return FRESH
    if name in _PARTS:
        return PART
    if name in ("set_params", "set_output", "eval", "train", "to"):
        return Effect("receiver", "r")
    return UNKNOWN_METHOD


def of_function(dotted: str, *, discarded: bool = False) -> Effect:
    """Of a library's function or class by its full name; `discarded`: called for what it does, its value is not used.

    >>> of_function("pandas.concat").result, of_function("numpy.random.shuffle").changes, of_function("mylib.clean").changes
    ('fresh', '1', 'a')
    """
    key = (dotted, discarded)
    if key not in _cache:
        if len(_cache) > 5000:
            _cache.clear()
        _cache[key] = _of_function(dotted, discarded)
    return _cache[key]


def _of_function(dotted: str, discarded: bool) -> Effect:
    root, _, rest = dotted.partition(".")
    last = dotted.rpartition(".")[2]
    if root == "builtins":
        return _of_builtin(rest)
    if dotted in SEEDS:
        return Effect("atom", seeds=SEEDS[dotted])
    if dotted in _OWN_RANDOM:
        return Effect("random")
    if PROCESS_CHANGES.fullmatch(dotted) and not _PROCESS_READS.fullmatch(dotted):
        return Effect("atom", process=True)
    draws: tuple[str, ...] = ()
    if root == "random" or dotted.startswith("numpy.random."):
        draws = (root,)
    elif _DRAWING.fullmatch(dotted):
        draws = ("torch",) if root == "torch" else ("numpy",)
    if dotted in _MUTATES_FIRST:
        return Effect("part", "1", draws=draws)
    if root not in LIBRARIES and root not in ("torch", "heapq"):
        if last[:1].isupper():
            return Effect("holds", "p" if discarded else "", draws=("*",))
        return _UNKNOWN_STATEMENT if discarded else _UNKNOWN_FUNCTION
    if root in ("os", "sys") and last in ("append", "insert", "extend", "update", "remove", "pop", "clear", "setdefault"):
        return Effect("part", process=True)
    if _SETTERS.fullmatch(last) and root != "functools" and not (root in _FIGURES and last == "context"):
        return Effect("part", "p")
    if root in _FIGURES:
        return Effect("figure", draws=draws)
    if dotted in ("copy.deepcopy", "functools.reduce_fresh", "sklearn.base.clone"):
        return FRESH
    if last[:1].isupper():
        return Effect("holds", draws=draws)
    if last in _VIEWS:
        return Effect("part", draws=draws)
    if dotted.startswith(("sqlite3.", "duckdb.connect", "io.", "itertools.")) or last in ("open", "connect", "cursor"):
        return Effect("stream", draws=draws)
    return Effect("fresh", draws=draws)


def _of_builtin(name: str) -> Effect:
    if name in ATOMS:
        return ATOM
    if name in _GATHER:
        return Effect("gather")
    if name in _STREAM:
        return Effect("stream")
    if name in _PICK:
        return PART
    if name in ("setattr", "delattr", "next", "anext"):
        return Effect("part", "1")
    return FRESH
