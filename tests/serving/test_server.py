"""The server answers as TensorFlow Serving does, within its limits, while versions come and go."""

import io
import json

import numpy as np
import pytest

pytest.importorskip("starlette", reason="needs the extra serve")

from starlette.testclient import TestClient

from nlpseq.serving.server import ServerSettings, make_app
from nlpseq.serving.server.logs import JsonLog
from tests.tasks.tiny import TEXTS, exported, served

pytestmark = pytest.mark.usefixtures("portable")
KINDS = ("classification", "tagging", "translation", "language_model")
SETTINGS = {"max_body": 0.05, "max_texts": 10, "max_characters": 10_000}


def client_of(*paths, **settings):
    """A client of a server, and the log of that server."""
    log = io.StringIO()
    app = make_app([str(path) for path in paths], ServerSettings.of(**SETTINGS, **settings), JsonLog(log))
    client = TestClient(app, raise_server_exceptions=False)
    return client, lambda: [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.fixture(scope="module")
def client():
    """A client of a server with a model of every kind."""
    return client_of(*(f"{kind}={exported(kind)[1]}" for kind in KINDS))[0]


def predict(client, kind, body, path="", method="predict"):
    return client.post(
        f"/v1/models/{kind}{path}:{method}", content=body if isinstance(body, bytes) else json.dumps(body)
    )


def test_instances_and_inputs_are_the_rows_and_columns_of_the_export(client):
    columns = predict(client, "classification", {"inputs": TEXTS}).json()["outputs"]
    named = predict(client, "classification", {"inputs": {"text": TEXTS}, "signature_name": "serving_default"})
    rows = predict(client, "classification", {"instances": [TEXTS[0], *({"text": text} for text in TEXTS[1:])]})
    expected = served("classification").predict(TEXTS)
    assert columns["label"] == [answer["label"] for answer in expected]
    np.testing.assert_allclose(columns["scores"], [list(a["scores"].values()) for a in expected], rtol=1e-6)
    assert named.json()["outputs"] == columns
    assert rows.json() == {"predictions": [{"label": i, "scores": j} for i, j in zip(*columns.values())]}


@pytest.mark.parametrize("kind, text", [("classification", "good"), ("tagging", "Ada met Bo"), ("translation", "a b")])
def test_answers_are_those_of_predict(client, kind, text):
    response = predict(client, kind, {"texts": [text, ""]}, method="answer")
    assert response.json()["answers"] == served(kind).predict([text, ""])
