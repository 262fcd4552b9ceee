"""The server answers as TensorFlow Serving does, within its limits, while versions come and go."""

import asyncio
import io
import json
import shutil
import threading
import time

import numpy as np
import pytest

pytest.importorskip("starlette", reason="needs the extra serve")

from starlette.testclient import TestClient

from nlpseq.errors import InputError
from nlpseq.serving.server import ServerSettings, make_app
from nlpseq.serving.server.batching import Batcher, _Waiting, without_padding
from nlpseq.serving.server.logs import JsonLog
from tests.tasks.tiny import LABELS, TEXTS, exported

pytestmark = pytest.mark.usefixtures("portable")
SETTINGS = {"max_body": 0.05, "max_texts": 10, "max_characters": 10_000}
SECRET = "a text that nobody logs"


def client_of(*paths, **settings):
    """A client of a server, and a function that returns the log."""
    log = io.StringIO()
    app = make_app([str(path) for path in paths], ServerSettings.of(**{**SETTINGS, **settings}), JsonLog(log))
    return TestClient(app, raise_server_exceptions=False), lambda: [json.loads(x) for x in log.getvalue().splitlines()]


@pytest.fixture(scope="module")
def client():
    """A client of a server with a classifier and a language model."""
    return client_of(f"labels={exported('classification')[1]}", f"text={exported('language_model')[1]}")[0]


def export_of(client, name):
    return client.app.state.service.models[name].current.export


def post(client, path, body):
    content = body if isinstance(body, bytes) else json.dumps(body)
    return client.post(f"/v1/models/{path}", content=content)


def test_instances_and_inputs_are_the_rows_and_columns_of_the_export(client):
    columns = post(client, "labels:predict", {"inputs": TEXTS}).json()["outputs"]
    by_name = post(client, "labels:predict", {"inputs": {"text": TEXTS}, "signature_name": "serving_default", "id": 1})
    rows = post(client, "labels:predict", {"instances": [TEXTS[0], *({"text": text} for text in TEXTS[1:])]})
    expected = export_of(client, "labels").predict(TEXTS)
    assert columns["label"] == [answer["label"] for answer in expected]
    np.testing.assert_allclose(columns["scores"], [list(a["scores"].values()) for a in expected], rtol=1e-5)
    assert by_name.json()["outputs"] == columns
    assert rows.json() == {"predictions": [{"label": i, "scores": j} for i, j in zip(*columns.values())]}


def test_bytes_are_base64_and_an_empty_batch_is_answered(client):
    plain, coded = ({"instances": [text]} for text in ("caf\u00e9 \ufffd", {"b64": "Y2Fmw6kg/w=="}))
    assert post(client, "labels:predict", plain).json() == post(client, "labels:predict", coded).json()
    assert post(client, "labels:predict", {"instances": []}).json() == {"predictions": []}
    assert post(client, "labels:predict", {"inputs": []}).json()["outputs"]["label"] == []


def test_vectors(client):
    vectors = post(client, "labels:predict", {"instances": TEXTS, "signature_name": "embed"}).json()["predictions"]
    np.testing.assert_allclose(vectors, export_of(client, "labels").embed(TEXTS), rtol=1e-4, atol=1e-5)


def test_scalars_and_states_of_other_signatures(client):
    options = {"length": 3, "temperature": 1, "top_k": 0, "top_p": 1.0, "seed": 2}
    generate = {"signature_name": "generate", "inputs": {"prompt": ["the cat"], **options}}
    assert post(client, "text:predict", generate).json()["outputs"]["text"][0].startswith("the cat ")
    first = post(client, "text:predict", {"signature_name": "init", "inputs": ["the cat"]}).json()["outputs"]
    states = {name: value for name, value in first.items() if name.startswith("state_")}
    row = {"token": 5, **{name: value[0] for name, value in states.items()}}
    step = {"signature_name": "step", "inputs": {"token": [5], **states}}
    by_row = post(client, "text:predict", {"signature_name": "step", "instances": [row]}).json()["predictions"][0]
    assert post(client, "text:predict", step).json()["outputs"] == {name: [value] for name, value in by_row.items()}


@pytest.mark.parametrize("path, body, status, message", [
    ("labels:predict", b"{", 400, "is not JSON"),
    ("labels:predict", b"[" * 20_000, 400, "is not JSON"),
    ("labels:predict", b"\xff", 400, "is not JSON"),
    ("labels:predict", [], 400, "must be a JSON object, got a list"),
    ("labels:predict", {}, 400, "'instances', a row for each example, or 'inputs'"),
    ("labels:predict", {"instances": [], "inputs": []}, 400, "expected either"),
    ("labels:predict", {"instances": "good"}, 400, "'instances' must be a list, got a string"),
    ("labels:predict", {"instances": [1]}, 400, "must be of the type string, got a number"),
    ("labels:predict", {"instances": [None]}, 400, "got null"),
    ("labels:predict", {"instances": [["a"]]}, 400, "got a list"),
    ("labels:predict", {"instances": [{"txt": "a"}]}, 400, "an instance must have 'text', got 'txt'"),
    ("labels:predict", {"instances": [{"b64": "?"}]}, 400, "not base64"),
    ("labels:predict", {"inputs": "good"}, 400, "must be lists, 1 deep, got a string"),
    ("labels:predict", {"inputs": ["a"], "signature_name": "serve"}, 400, "expected one of serving_default"),
    ("labels:predict", {"inputs": ["a"], "signature_name": 1}, 400, "must be a string"),
    ("labels:predict", {"inputs": ["a"] * 11}, 413, "11 texts, and the limit is 10"),
    ("labels:predict", {"inputs": ["a" * 10_001]}, 413, "10,001 bytes, and the limit is 10,000"),
    ("labels:predict", b" " * 50_001, 413, "more than 0.05 MB"),
    ("labels:answer", {"texts": "good"}, 400, "'texts' must be a list"),
    ("labels:answer", {"texts": [2]}, 400, "a text must be a string"),
    ("labels:answer", {"text": ["a"]}, 400, "did you mean texts?"),
    ("labels:answer", {"texts": ["a" * 10_001]}, 413, "10,001 bytes"),
    ("labels:stream", {"text": "a"}, 400, "do not stream"),
    ("text:stream", {"text": "a", "temperature": -1}, 400, "`temperature` must be above 0"),
    ("text:stream", {"text": "a", "temperature": "1"}, 400, "'temperature' must be of the type float"),
    ("text:stream", {"text": "the " * 31}, 400, "the prompt is too long"),
    ("text:predict", {"signature_name": "init", "instances": [{}]}, 400, "must have 'prompt', got nothing"),
    ("text:predict", {"signature_name": "step", "inputs": {"token": [1]}}, 400, "must have 'state_0', 'state_1'"),
    ("labels/versions/7:predict", {"inputs": ["a"]}, 404, "version 7 of the model 'labels' is not loaded"),
    ("labls:predict", {"inputs": ["a"]}, 404, "there is no model 'labls': expected one of labels, text"),
    ("labels:classify", {"examples": []}, 404, "':classify' is not served: expected one of :predict, :answer"),
    ("labels/labels/stable:predict", {"inputs": ["a"]}, 404, "labels of versions are not served"),
    ("labels:predict", {"inputs": ["a"], "signature_name": []}, 400, "must be a string"),
    ("text:stream", {"text": "a", "score": True}, 400, "choose one of text, length, one_line"),
    ("text:stream", {"text": "a", "temperature": 10**400}, 400, "'temperature' is a number that is not a float"),
])  # fmt: skip
def test_a_request_that_is_refused_gets_one_sentence(client, path, body, status, message):
    response = post(client, path, body)
    assert response.status_code == status and list(response.json()) == ["error"]
    assert message in response.json()["error"] and "\n" not in response.json()["error"]


def test_numbers_are_checked(client):
    states = {name: [[0.0] * 6] for name in ("state_0", "state_1", "state_2", "state_3")}

    def step(**inputs):
        return post(client, "text:predict", {"signature_name": "step", "inputs": {**states, **inputs}})

    for token, message in [([1.5], "int32, got a number"), ([True], "got a boolean"), ([2**40], "is not int32")]:
        assert message in step(token=token).json()["error"]
    assert "lists of 6 and of 5" in step(token=[1, 1], state_0=[[0.0] * 6, [0.0] * 5]).json()["error"]
    assert "shape (None, 6), got (1, 5)" in step(token=[1], state_0=[[0.0] * 5]).json()["error"]
    assert "is not float32" in step(token=[1], state_0=[[10**400] * 6]).json()["error"]
    assert "the same number of rows" in step(token=[1, 1]).json()["error"]
    generate = {"prompt": ["a"], "length": 1, "temperature": -1, "top_k": 0, "top_p": 1, "seed": 0}
    response = post(client, "text:predict", {"signature_name": "generate", "inputs": generate})
    assert response.status_code == 400 and "temperature must be above 0" in response.json()["error"]


def test_answers_are_those_of_predict(client):
    response = post(client, "labels:answer", {"texts": ["good", "", "\ud800"], "detailed": True})
    assert response.json()["answers"] == export_of(client, "labels").predict(["good", "", "?"])


def test_a_stream_is_the_completion(client):
    from nlpseq.tasks.language_modeling.completion import complete

    options = {"length": 5, "temperature": 0.7, "seed": 3}
    pieces = []
    complete(export_of(client, "text"), "the cat", pieces.append, **options)
    response = post(client, "text:stream", {"text": "the cat", **options})
    events = [event.partition("data: ") for event in response.text.split("\n\n")[:-1]]
    assert [json.loads(data).get("text") for _, _, data in events] == [*pieces, None]
    assert events[-1][0] == "event: end\n" and json.loads(events[-1][2]) == {"finished": True}
    assert response.headers["content-type"].startswith("text/event-stream")


def test_a_stream_ends_with_its_time(client, monkeypatch):
    service = client.app.state.service
    monkeypatch.setattr(service, "settings", service.settings.replace(max_seconds=0.05))
    response = post(client, "text:stream", {"text": "the cat", "length": 1000})
    assert response.text.endswith('event: end\ndata: {"finished": false}\n\n')


def test_status_and_metadata(client):
    (status,) = client.get("/v1/models/labels").json()["model_version_status"]
    assert status == {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert client.get("/v1/models/labels/versions/2").json() == post(client, "labels/versions/2:predict", {}).json()
    for method in ("GET", "PUT", "OPTIONS"):
        refused = client.request(method, "/v1/models/labels:predict")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    described = client.get("/v1/models/labels/metadata").json()
    assert described["model_spec"] == {"name": "labels", "signature_name": "", "version": "1"}
    signature = described["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["text"]["dtype"] == "DT_STRING"
    assert [dim["size"] for dim in signature["outputs"]["scores"]["tensor_shape"]["dim"]] == ["-1", "3"]
    assert signature["method_name"] == "tensorflow/serving/predict"


def test_the_page_and_its_headers(client):
    page = client.get("/")
    assert page.text.startswith("<!doctype html>") and "default-src 'none'" in page.headers["content-security-policy"]
    models = client.get("/v1/models").json()["models"]
    assert [model["labels"] for model in models] == [LABELS, []]
    for model in models:
        assert client.get(f"/widgets/{model['widget']}.js").status_code == 200
    assert client.get("/../server/app.py").status_code == client.get("/nothing").status_code == 404
    assert "models are at /v1/models" in client.get("/nothing").json()["error"]


def test_health_and_readiness(client):
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    client.app.state.service.draining = True
    assert client.get("/healthz").status_code == 200 and client.get("/readyz").status_code == 503
    client.app.state.service.draining = False


@pytest.fixture
def versions_of(forecaster):
    def copies(folder, *numbers):
        for number in numbers:
            shutil.copytree(forecaster, folder / str(number))
        return folder

    return copies


def states(client):
    listed = client.get("/v1/models/m").json()["model_version_status"]
    return {int(status["version"]): status["state"] for status in listed}


def test_a_kind_of_another_package(forecaster):
    client, _ = client_of(f"m={forecaster}")
    listed = client.get("/v1/models").json()["models"][0]
    assert (listed["widget"], listed["input"]) == ("plain", "series")
    rows = [{"series": [1, 2], "length": 2}, {"series": [3, 0], "length": 1}]
    predicted = post(client, "m:predict", {"instances": rows}).json()["predictions"]
    answers = post(client, "m:answer", {"texts": ["1 2", "3"]}).json()["answers"]
    np.testing.assert_allclose(predicted, [answer["next"] for answer in answers], rtol=1e-5)
    refused = post(client, "m:answer", {"texts": ["one"]})
    assert refused.status_code == 400 and "expected numbers separated by spaces" in refused.json()["error"]


def test_a_new_version_replaces_the_old_one_after_its_requests(tmp_path, versions_of):
    client, log = client_of(f"m={versions_of(tmp_path, 1)}")
    model = client.app.state.service.models["m"]
    with model.using() as old:
        versions_of(tmp_path, 2)
        model.refresh()
        assert states(client) == {2: "AVAILABLE", 1: "UNLOADING"} and model.current.number == 2
        series = {"series": np.ones((1, 2), np.float32), "length": np.array([2], np.int32)}
        assert old.export.run("serving_default", series)["next"].shape == (1,)
    model.refresh()
    assert states(client) == {2: "AVAILABLE"}
    assert [line["event"] for line in log() if "version" in line["event"]][-2:] == [
        "version available", "version unloaded",
    ]  # fmt: skip
    shutil.rmtree(tmp_path / "2")
    model.refresh()
    assert model.current.number == 1


def test_a_broken_version_leaves_the_old_one(tmp_path, versions_of):
    client, log = client_of(f"m={versions_of(tmp_path, 1)}")
    model = client.app.state.service.models["m"]
    versions_of(tmp_path, 2)
    variables = tmp_path / "2" / "variables" / "variables.index"
    good = variables.read_bytes()
    variables.write_bytes(good[:20])
    model.refresh()
    model.refresh()
    failures = [line for line in log() if line["event"] == "version failed"]
    assert len(failures) == 1 and failures[0]["version"] == 2 and "cannot be loaded" in failures[0]["reason"]
    assert states(client) == {2: "END", 1: "AVAILABLE"}
    assert len(post(client, "m:answer", {"texts": ["1 2", "3"]}).json()["answers"]) == 2
    variables.write_bytes(good)
    model.refresh()
    assert states(client) == {2: "AVAILABLE"}


def test_the_newest_version_that_can_be_loaded_is_served(tmp_path, versions_of):
    versions_of(tmp_path, 1, 2)
    (tmp_path / "2" / "saved_model.pb").write_bytes(b"junk")
    assert client_of(f"m={tmp_path}")[0].app.state.service.models["m"].current.number == 1
    shutil.rmtree(tmp_path / "1")
    with pytest.raises(InputError, match="cannot be loaded"):
        client_of(tmp_path)


def test_a_version_by_itself_is_not_replaced_and_names_are_distinct(tmp_path, versions_of):
    client, _ = client_of(versions_of(tmp_path / "m", 1, 2) / "1")
    model = client.app.state.service.models["m"]
    model.refresh()
    assert model.current.number == 1
    with pytest.raises(InputError, match="two exports have the name 'm'"):
        client_of(tmp_path / "m" / "1", tmp_path / "m" / "2")


def test_log_and_metrics_count_and_do_not_repeat_texts(forecaster):
    client, log = client_of(f"m={forecaster}")
    inputs = {"instances": [{"series": [1], "length": 1}] * 2}
    assert post(client, "m:predict", inputs).status_code == 200
    assert post(client, "m:predict", {**inputs, "signature_name": SECRET}).status_code == 400
    assert post(client, "m:answer", {"texts": [SECRET]}).status_code == 400
    assert post(client, f"{SECRET}:predict", {}).status_code == 404
    requests = [line for line in log() if line["event"] == "request"]
    assert [line["status"] for line in requests] == [200, 400, 400, 404] and SECRET not in json.dumps(log())
    assert requests[0] | {"time": "", "ms": 0} == {
        "time": "", "level": "info", "event": "request", "status": 200, "ms": 0, "method": "predict", "model": "m",
        "version": 1, "signature": "serving_default", "texts": 2,
    }  # fmt: skip
    text = client.get("/metrics").text
    assert 'nlpseq_requests_total{method="predict",model="m",status="200"} 1.0' in text
    assert 'nlpseq_texts_total{model="m"} 2.0' in text and "process_resident_memory_bytes" in text
    assert SECRET not in text


def test_limits_of_time_and_number(forecaster):
    client, _ = client_of(f"m={forecaster}", max_seconds=0.1, max_requests=1)
    (batcher,) = client.app.state.service.models["m"].current.batchers.values()
    run, going = batcher.run, threading.Event()

    def slow(inputs):
        going.set()
        time.sleep(0.3)
        return run(inputs)

    batcher.run = slow
    with client:  # one event loop for all requests
        statuses = []
        first = threading.Thread(target=lambda: statuses.append(post(client, "m:answer", {"texts": ["1 2"]})))
        first.start()
        going.wait()
        second = post(client, "m:answer", {"texts": ["1 2"]})
        first.join()
    assert statuses[0].status_code == 503 and "no answer within 0.1 s" in statuses[0].json()["error"]
    assert second.status_code == 429 and second.headers["retry-after"] == "1"


def test_an_error_of_the_server_is_not_shown(forecaster):
    client, log = client_of(f"m={forecaster}")
    (batcher,) = client.app.state.service.models["m"].current.batchers.values()
    batcher.run = lambda inputs: 1 / 0
    response = post(client, "m:answer", {"texts": ["1 2"]})
    assert response.status_code == 500 and "ZeroDivisionError" in response.json()["error"]
    assert log()[-1]["status"] == 500


def batched(requests, run=lambda inputs: inputs, most_rows=8, axes=None):
    """The answers to requests that arrive together, or their errors, and the sizes of the batches."""
    from concurrent.futures import ThreadPoolExecutor

    batches = []

    async def ask():
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(run, axes or {}, pool, 1, most_rows, observe=lambda count, rows: batches.append(count))
            return await asyncio.gather(*map(batcher, requests), return_exceptions=True)

    return asyncio.run(ask()), batches


def test_requests_share_a_batch_and_get_their_own_rows():
    requests = [{"x": np.arange(rows) + 10 * rows} for rows in (1, 3, 2, 4, 5)]
    answers, batches = batched(requests)
    assert [answer["x"].tolist() for answer in answers] == [request["x"].tolist() for request in requests]
    assert batches == [3, 1, 1]  # 1 + 3 + 2 rows, then 4, then 5


def test_the_answer_to_one_request_may_be_followed_by_the_next():
    from concurrent.futures import ThreadPoolExecutor

    async def one_after_the_other():
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(lambda inputs: inputs, {}, pool, 1, 8)
            for value in range(3):
                assert (await batcher({"x": np.array([value])}))["x"] == value

    async def in_time():
        await asyncio.wait_for(one_after_the_other(), 10)

    asyncio.run(in_time())


def test_other_shapes_and_much_longer_texts_are_another_batch():
    texts = [np.array([b"x" * size], object) for size in (1, 5000, 200, 4100)]
    assert batched([{"text": text} for text in texts])[1] == [2, 2]
    assert batched([{"x": np.zeros((1, width))} for width in (2, 3, 2)])[1] == [2, 1]


def test_a_request_that_fails_fails_alone():
    def run(inputs):
        if (inputs["x"] == 2).any():
            raise ValueError("two")
        return inputs

    answers, batches = batched([{"x": np.array([value])} for value in (1, 2, 3)], run)
    assert [type(answer) for answer in answers] == [dict, ValueError, dict] and batches == [3, 1, 1, 1]


def test_padding_of_longer_neighbours_is_cut():
    tokens = np.array([["a", "b", "", ""], ["c", "", "", ""]], object)
    weights = np.zeros((2, 4, 5))
    weights[0, 1, 2] = 1
    part = without_padding({"tokens": tokens, "weights": weights}, {"tokens": [1], "weights": [1, 2]})
    assert part["tokens"].tolist() == [["a", "b"], ["c", ""]] and part["weights"].shape == (2, 2, 5)


def test_axes_of_the_same_size_by_chance_are_cut_apart():
    """The source of a translation may have as many pieces in a batch as the translation."""

    def run(inputs):
        longest = int(inputs["length"].max())
        source = [["s"] * length + [""] * (longest - length) for length in inputs["length"]]
        weights = np.where(np.array(source, object) == "", 0.0, 0.5)[:, np.newaxis] * np.ones((1, 5, 1))
        target = np.full((len(source), 5), "t", object)
        return {"source": np.array(source, object), "target": target, "weights": weights}

    axes = {"source": [1], "target": [1], "weights": [1, 2]}
    batcher = Batcher(run, axes, None, 1, 64)
    alone = batcher._compute([_Waiting({"length": np.array([2])}, 1, (), None)])
    both = [_Waiting({"length": np.array([length])}, 1, (), None) for length in (2, 5)]
    assert [part["weights"].shape for part in batcher._compute(both)] == [(1, 5, 2), (1, 5, 5)]
    assert alone[0]["weights"].shape == (1, 5, 2)
