"""The schemas of Argo and Kubernetes take what is exported; strictly, so that an unknown field is refused."""

from __future__ import annotations

import json

import pytest
import yaml

from nbmlops import pipeline
from tests.exports.conftest import CITY

pytestmark = [pytest.mark.exports, pytest.mark.slow]
# Hera's models of Argo, each of which takes a field that it does not know unless it is told not to.
ARGO = """
import sys, yaml, pydantic
from hera.workflows import models
from hera.workflows.models import *
def strict(value, kind, at="spec"):
    import typing
    kinds = [one for one in (typing.get_args(kind) or [kind]) if one is not type(None)]
    if typing.get_origin(kind) is list or (kinds and typing.get_origin(kinds[0]) is list):
        inner = typing.get_args(kind if typing.get_origin(kind) is list else kinds[0])[0]
        for number, part in enumerate(value): strict(part, inner, f"{at}[{number}]")
        return
    model = next((one for one in kinds if isinstance(one, type) and issubclass(one, pydantic.BaseModel)), None)
    if model is None or not isinstance(value, dict): return
    fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    for name, part in value.items():
        if name not in fields and list(fields) != ["__root__"]: sys.exit(f"{at}: {model.__name__} has no {name}")
        if name in fields: strict(part, fields[name], f"{at}.{name}")
for path in sys.argv[1:]:
    found = yaml.safe_load(open(path, encoding="utf-8"))
    model = getattr(models, found["kind"])
    model.model_validate(found)
    strict(found, model, found["kind"])
    print("valid", found["kind"])
"""
KUBERNETES = """
import sys, yaml, kubernetes_validate
for path in sys.argv[1:]:
    print("valid", kubernetes_validate.validate(yaml.safe_load(open(path, encoding="utf-8")), kubernetes_validate.latest_version(), strict=True))
"""
HOW = {"image": "registry.example.com/air:1", "params": {"city": CITY, "month": 7}}


def test_argo_s_schema_takes_both_kinds_and_no_unknown_field(place, manifests, tmp_path):
    file = str(place.root / "air's.yaml")
    now = pipeline.export(file, to="argo", workspace=place, **HOW).file
    cron = pipeline.export(file, to="argo", schedule="0 6 * * *", output=str(tmp_path / "cron.yaml"), workspace=place, **HOW).file
    done = manifests("-c", ARGO, now, cron, cwd=tmp_path)
    assert done.stdout.split() == ["valid", "WorkflowTemplate", "valid", "CronWorkflow"], done.stderr
    spec = yaml.safe_load((place.root / "Air.Time_2.argo.yaml").read_text("utf-8"))["spec"]
    words = [template["container"]["args"] for template in spec["templates"][1:]]
    assert {json.loads(next(word for word in one if word.startswith("city=")).removeprefix("city=")) for one in words} == {CITY}
    for was, other in (("retryPolicy:", "retryPolicie:"), ("failFast:", "failfast:"), ("claimName:", "claim:"), ("dependencies:", "dependency:")):
        text = (place.root / "Air.Time_2.argo.yaml").read_text("utf-8")
        assert was in text
        (tmp_path / "bad.yaml").write_text(text.replace(was, other, 1))
        refused = manifests("-c", ARGO, tmp_path / "bad.yaml", cwd=tmp_path)
        assert refused.returncode != 0 and not refused.stdout and (other[:-1] in refused.stderr or was[:-1] in refused.stderr), refused


def test_kubernetes_schema_takes_the_cron_job_and_no_unknown_field(place, manifests, tmp_path):
    found = pipeline.export(str(place.root / "air's.yaml"), to="cronjob", schedule="0 6 * * *", workspace=place, **HOW)
    done = manifests("-c", KUBERNETES, found.file, cwd=tmp_path)
    assert done.stdout.startswith("valid"), done.stderr[-3000:]
    text = (place.root / "Air.Time_2.cronjob.yaml").read_text("utf-8")
    for was, other in (("concurrencyPolicy:", "concurencyPolicy:"), ("workingDir:", "workingdir:"), ("backoffLimit: 0", "backoffLimit: none")):
        assert was in text
        (tmp_path / "bad.yaml").write_text(text.replace(was, other, 1))
        refused = manifests("-c", KUBERNETES, tmp_path / "bad.yaml", cwd=tmp_path)
        assert refused.returncode != 0 and not refused.stdout and other.split(":")[0] in refused.stderr, refused
