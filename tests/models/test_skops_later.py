"""skops without its lists is skops: they are the same when something asks, and writing a model asks for none."""

from __future__ import annotations

import json
import subprocess
import sys

NAMES = [
    "CONTAINER",
    "NUMPY_DTYPE",
    "NUMPY_RANDOM_BIT_GENERATOR",
    "NUMPY_UFUNC",
    "PRIMITIVE",
    "SCIPY_UFUNC",
    "SKLEARN_ESTIMATOR",
    "SKLEARN_INTERNAL",
]
LISTS = f"""
import json, skops.io._trusted_types as lists
print(json.dumps({{name: [sorted(found), len(found), found[0] in found, 'os.system' in found, sorted(['x'] + found), sorted(found + ['y'])]
                  for name in {NAMES} for found in [getattr(lists, name + '_TYPE_NAMES')]}}))
"""
SAVE = """
import sys
from sklearn.linear_model import Ridge
from nbmlops.models.flavors.sklearn import SklearnFlavor
flavor = SklearnFlavor()
data = flavor.save(Ridge().fit([[1.0], [2.0]], [1.0, 2.0]))
lists = sys.modules['skops.io._trusted_types']
assert '_made' not in vars(lists)
"""


def told(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lists_are_those_that_skops_makes():
    assert json.loads(told("from nbmlops.models.flavors.skops_later import skops_io\nskops_io('')\n" + LISTS)) == json.loads(
        told("import skops.io\n" + LISTS)
    )


def test_a_model_is_written_without_them_and_read_with_them():
    told(SAVE + "assert flavor.untrusted(data) == [] and flavor.load(data).predict([[1.0]]).shape == (1,)\nassert '_made' in vars(lists)")


def test_skops_is_left_as_it_is_where_somebody_loaded_it_before():
    told(
        "import skops.io, sys\nbefore = sys.modules['skops.io._trusted_types']\nfrom nbmlops.models.flavors.skops_later import skops_io\n"
        "assert skops_io('') is sys.modules['skops.io'] and sys.modules['skops.io._trusted_types'] is before"
    )


def test_whoever_reads_skops_own_names_finds_them():
    told(
        "from nbmlops.models.flavors.skops_later import skops_io\nskops_io('')\nimport skops.io._trusted_types as lists\n"
        "assert lists.PRIMITIVES_TYPES == [int, float, str, bool] and not hasattr(lists, '__nothing__')\n"
        "try: lists.NOTHING\nexcept AttributeError: pass\nelse: raise SystemExit('found')"
    )
