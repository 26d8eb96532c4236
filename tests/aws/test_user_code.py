"""Archives that bring ``code/inference.py``: refused, or served by a process of their own."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.serving import ServedModel, emulate_serving
from reviewdesk.aws.serve import user_code
from reviewdesk.errors import BundleError
from tests.aws.opt_ml import free_port

INFERENCE = """
import json, os
import beside
print("loading")

def model_fn(model_dir, context=None):
    print("model_fn")
    with open(os.path.join(model_dir, "weights.txt")) as file:
        return file.read()

def input_fn(body, content_type):
    assert isinstance(body, str) == (content_type in ("application/json", "text/csv"))
    if content_type == "text/csv":
        raise KeyError("a secret text of a customer")
    return json.loads(body)

def predict_fn(data, model):
    print("predict_fn")
    if data == "end":
        os._exit(3)
    return {"said": data, "by": model, "beside": beside.NAME, "process": os.getpid()}

def output_fn(prediction, accept):
    return json.dumps(prediction), accept
"""


def model(folder: Path, code: str, **environment: str) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "weights.txt").write_text("w")
    (folder / "code" / "inference.py").write_text(code)
    (folder / "code" / "beside.py").write_text("NAME = 'b'\n")
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        for name in ("weights.txt", "code"):
            archive.add(folder / name, name)
    request = {
        "ModelName": "m",
        "PrimaryContainer": {
            "Image": "image",
            "ModelDataUrl": f"file://{folder}/model.tar.gz",
            "Environment": {"PYTHONDONTWRITEBYTECODE": "1", **environment},
        },
    }
    (folder / "model.json").write_text(json.dumps(request))
    return folder / "model.json"


def run(folder: Path, code: str, **settings: Any) -> tuple[Report, list[str]]:
    heard: list[str] = []
    (folder / "body").write_text('"great"')
    environment = settings.pop("environment", {"REVIEWDESK_ALLOW_CODE": "true"})
    report = emulate_serving(
        model(folder / "m", code, **environment), requests=[folder / "body"], base=folder / "ml",
        port=free_port(), hear=heard.append, **settings,
    )  # fmt: skip
    return report, heard


def test_code_is_not_run_unasked(tmp_path: Path) -> None:
    report, heard = run(tmp_path, "raise SystemExit('was run')", environment={})
    assert report.status == "Failed"
    assert any("--allow-code" in line for line in heard)
    assert not any("was run" in line for line in heard)
    with pytest.raises(BundleError, match="allow-code"):
        user_code(tmp_path / "ml" / "model", allowed=False)


def test_the_users_code_answers(tmp_path: Path) -> None:
    answers: list[Any] = []

    def ask(served: ServedModel) -> None:
        one = served.invoke(b'"one"', "application/json", "application/json")
        answers.append((one.status, one.content_type, json.loads(one.body)))
        bad = served.invoke(b"a,b", "text/csv")
        answers.append((bad.status, bad.body))
        broken = served.invoke(b"\xff", "application/json")
        answers.append((broken.status, broken.body))
        gone = served.invoke(b'"end"', "application/json")
        answers.append((gone.status, gone.body))
        again = served.invoke(b'"two"', "application/json")
        answers.append(json.loads(again.body)["process"] != answers[0][2]["process"])
        answers.append(served.ask("POST", "/elsewhere", b"x").status)

    report, heard = run(tmp_path, INFERENCE, meanwhile=ask)
    assert report.violations == [], report
    (status, kind, said), bad, broken, gone, another, elsewhere = answers
    assert (status, kind) == (200, "application/json")
    assert (said["said"], said["by"], said["beside"]) == ("one", "w", "b")
    assert bad[0] == 500
    assert b"KeyError at inference.py" in bad[1]
    assert broken[0] == 400
    assert gone[0] == 500
    assert another
    assert elsewhere == 404
    assert not any("secret" in line for line in heard)
    assert b"secret" not in bad[1]
    assert "predict_fn" in heard


def test_transform_fn_in_the_place_of_three(tmp_path: Path) -> None:
    code = """
def model_fn(model_dir):
    return 2
def transform_fn(model, data, content_type, accept, context):
    return b"%d" % (model * len(data))
"""
    report, _ = run(tmp_path, code)
    assert report.well, report


@pytest.mark.parametrize(
    "code", ["def predict_fn(data, model):\n    return 1\n", "this is no Python", "import nothing_"]
)
def test_code_that_cannot_be_loaded(code: str, tmp_path: Path) -> None:
    report, heard = run(tmp_path, code)
    assert report.status == "Failed"
    assert any("code/inference.py could not be loaded" in line for line in heard)
