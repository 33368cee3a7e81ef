"""Whatever is sent: 4xx, and code, message, hint."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

ROW = {"miles": 500.0, "stops": 1, "carrier": "AA", "night": False, "wind": None}


def refused(answer, status, *words):
    assert answer.status == status, answer.body
    assert set(answer.body) == {"code", "message", "hint"}
    assert all(isinstance(text, str) and text for text in answer.body.values())
    for word in words:
        assert word in answer.body["message"] + answer.body["hint"]


def rows(**changes):
    return {"rows": [ROW, {name: value for name, value in {**ROW, **changes}.items() if value != "gone"}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"miles": "gone"}, ["Row 1", "miles"]),
        ({"extra": 1}, ["Row 1", "extra"]),
        ({"miles": "far"}, ["Row 1", "miles", "a number"]),
        ({"miles": None}, ["Row 1", "miles", "null"]),
        ({"miles": True}, ["Row 1", "miles"]),
        ({"stops": False}, ["Row 1", "stops"]),
        ({"stops": 1.5}, ["Row 1", "stops", "a whole number"]),
        ({"stops": 10**30}, ["stops"]),
        ({"stops": 2**64}, ["stops"]),
        ({"carrier": 7}, ["Row 1", "carrier", "text"]),
        ({"carrier": "ZZ"}, ["ZZ"]),
        ({"carrier": {"a": 1}}, ["carrier"]),
        ({"night": 1}, ["Row 1", "night"]),
        ({"night": []}, ["night"]),
        ({"<img src=x onerror=alert(1)>": 1}, ["<img"]),
        ({"é🚀" * 3000: 1}, ["é🚀"]),
    ],
)
def test_a_row_that_does_not_fit_is_told_by_row_and_column(ask, changes, words):
    refused(ask("POST", "/predict", rows(**changes)), 422, *words)


def test_a_number_too_large_for_the_model_is_the_callers_fault(ask):
    refused(ask("POST", "/predict", b'{"rows":[{"miles":1%s,"stops":1,"carrier":"AA","night":false,"wind":1}]}' % (b"0" * 400)), 422)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not json", b"[1, 2]", b'"text"', b"17", b"null", b'{"rows": [', b'\xff\xfe{"rows": []}', b'{"rows": [{"miles": NaN}]}',
        b"[" * 100_000, b'{"a":' * 100_000, b'{"rows":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"rows": [{"miles": ' + b"[" * 900 + b"]" * 900 + b"}]}",
        b"{}", b'{"rows": []}', b'{"rows": {}}', b'{"rows": null}', b'{"rows": [1]}', b'{"rows": [[]]}', b'{"rows": [{}]}', b'{"rows": [{}], "more": 1}',
        b'{"rows": [{"carrier": "\\ud800"}]}', b'{"rows": [{"miles": -Infinity}]}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/predict", "/labels", "/v2/models/trip/infer"])
def test_a_body_that_is_no_request_is_refused(ask, path, body):
    refused(ask("POST", path, body), 422)


def test_of_a_nested_time_the_depth_does_no_harm(ask):
    for depth in (900, 1000):
        body = b'{"rows": [{"miles": 1}], "event_at": [' + b"[" * depth + b"]" * depth + b"]}"
        refused(ask("POST", "/predict", body), 422)


def test_a_huge_body_is_refused_by_its_length_and_by_its_stream(ask):
    refused(ask("POST", "/predict", b" " * (17 << 20)), 413, "17,825,792")
    refused(ask("POST", "/predict", (b" " * (1 << 20) for _ in range(18)), chunked=True), 413)
    refused(ask("POST", "/predict", {"rows": [{}] * 100_001}), 413, "100,001")
    refused(ask("POST", "/labels", {"labels": [0] * 100_001}), 413, "100,001")
    assert ask("POST", "/predict", rows()).status == 200


@pytest.mark.parametrize(
    "headers", [{"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Encoding": "gzip"}]
)
def test_another_form_than_json_is_415(ask, headers):
    refused(ask("POST", "/predict", rows(), headers=headers), 415)


def test_wrong_methods_and_paths(ask):
    refused(ask("GET", "/predict"), 405, "/predict")
    refused(ask("DELETE", "/v2/models/trip/infer"), 405)
    refused(ask("POST", "/v2", {}), 405)
    for path in ("/nothing", "/", "/predict/", "/../etc/passwd", "/v2/models/trip/%2e%2e", "/x" * 5000):
        refused(ask("GET", path), 404)
    for path in (
        "/v2/models/other",
        "/v2/models/%3Cimg%3E",
        "/v2/models/trip/versions/9",
        "/v2/models/trip/versions/x/ready",
        f"/v2/models/{'m' * 10_000}",
    ):
        refused(ask("GET", path), 404)
    refused(ask("POST", "/v2/models/trip/versions/9/infer", {"inputs": []}), 404, "Served is 1")


@pytest.mark.parametrize(
    "given", ["yesterday", 5, True, [], ["2025-01-01"], ["2025-01-01", None], {"a": 1}, "0001-01-01T00:00:00+14:00", ""]
)
def test_an_event_time_that_is_none_is_refused(ask, given):
    refused(ask("POST", "/predict", {**rows(), "event_at": given}), 422, "event_at")


@pytest.mark.parametrize("ids", ["ab", [], ["a"], ["a", 1], ["a", ""], ["a", "a"], ["a", "b" * 201]])
def test_ids_are_one_text_for_each_row(ask, ids):
    refused(ask("POST", "/predict", {**rows(), "ids": ids}), 422)


@pytest.mark.parametrize(
    "labels",
    [{}, "x", [1], [{"id": "a"}], [{"id": "a", "label": {"b": 1}}], [{"id": "a", "label": [[1]]}], [{"id": "a", "label": 1, "more": 2}]],
)
def test_labels_that_are_none_are_refused(ask, labels):
    refused(ask("POST", "/labels", {"labels": labels}), 422)


GOOD = {"name": "miles", "shape": [1], "datatype": "FP64", "data": [1.0]}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": None}, "name"),
        ({"name": "other"}, "other"),
        ({"shape": None}, "shape"),
        ({"shape": [2]}, "shape"),
        ({"shape": [-1]}, "shape"),
        ({"shape": [True]}, "shape"),
        ({"shape": [1, 1, 1]}, "shape"),
        ({"shape": [1, 2], "data": [1.0, 2.0]}, "columns"),
        ({"shape": [10**30]}, "shape"),
        ({"shape": [2, 2], "data": [[1.0, 2.0, 3.0], [4.0]]}, "lengths"),
        ({"datatype": "FLOAT"}, "Datatypes"),
        ({"datatype": ["FP64"]}, "Datatypes"),
        ({"datatype": "INT32"}, "INT32"),
        ({"datatype": "INT8", "data": [300]}, "INT8"),
        ({"datatype": "UINT8", "data": [-1]}, "UINT8"),
        ({"datatype": "BOOL", "data": [1]}, "BOOL"),
        ({"datatype": "BYTES", "data": ["far"]}, "miles"),
        ({"data": None}, "data"),
        ({"data": [None]}, "null"),
        ({"data": [[1.0]]}, "list"),
    ],
)
def test_a_tensor_that_does_not_fit_is_told(ask, change, word):
    others = [
        {"name": "stops", "shape": [1], "datatype": "INT64", "data": [1]},
        {"name": "carrier", "shape": [1], "datatype": "BYTES", "data": ["AA"]},
        {"name": "night", "shape": [1], "datatype": "BOOL", "data": [True]},
        {"name": "wind", "shape": [1], "datatype": "FP32", "data": [None]},
    ]
    assert ask.infer([GOOD, *others]).status == 200
    refused(ask.infer([{**GOOD, **change}, *others]), 422, word)
    refused(ask.infer([GOOD, GOOD, *others]), 422, "twice")
    refused(ask.infer([GOOD]), 422, "stops")
    refused(ask.infer([GOOD, *others], outputs=[{"name": "nothing"}]), 422, "prediction")
    refused(ask.infer([GOOD, *others], parameters=[1]), 422, "parameters")
