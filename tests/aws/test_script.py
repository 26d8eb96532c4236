"""Script mode: a walk-through's train.py under the emulator, as the training toolkit runs it."""

import json
import sys
import tarfile
from pathlib import Path

import pytest

from reviewdesk.aws.container import Container
from reviewdesk.aws.local.limits import ContainerLimits
from reviewdesk.aws.local.training import emulate_training
from reviewdesk.aws.script import script_arguments, script_environment
from tests.aws.opt_ml import opt_ml
from tests.aws.test_local_training import ACCURACY, archived, channel, files, job

TRAIN_PY = """
import argparse, json, os, signal, sys, time
import helper

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--learning-rate", type=float)
parser.add_argument("--layers", type=str)
parser.add_argument("--bool", type=str)
parser.add_argument("-k", type=int)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
parser.add_argument("--output-data-dir", default=os.environ["SM_OUTPUT_DATA_DIR"])
args = parser.parse_args()
with open(os.path.join(args.train, "a")) as file:
    lines = helper.count(file)
if args.epochs == 13:
    raise ValueError("a secret text of a customer")
if args.epochs == 14:
    def end(*_):
        open(os.path.join(args.model_dir, "saved"), "w").close()
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    time.sleep(60)
print("Validation accuracy: 0.9")
with open(os.path.join(args.model_dir, "m.json"), "w") as out:
    json.dump({"args": vars(args), "lines": lines, "channels": os.environ["SM_CHANNELS"],
               "hps": os.environ["SM_HPS"], "host": os.environ["SM_CURRENT_HOST"]}, out)
"""


def source(folder: Path, name: str = "train.py", text: str = TRAIN_PY) -> str:
    """Write a source archive as SageMaker's SDK does and return its address."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / "helper.py").write_text("def count(lines):\n    return len(list(lines))\n")
    with tarfile.open(folder / "sourcedir.tar.gz", "w:gz") as archive:
        archive.add(folder / name, name)
        archive.add(folder / "helper.py", "helper.py")
    return f"file://{folder}/sourcedir.tar.gz"


def script_job(folder: Path, address: str, **parameters: str) -> Path:
    hyperparameters = {
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": json.dumps(address),
        "sagemaker_region": '"us-east-1"',
        **{name.replace("_", "-"): value for name, value in parameters.items()},
    }
    return job(
        folder,
        channel("train", files(folder / "data", a="one\ntwo\n")),
        HyperParameters=hyperparameters,
        algorithm={"MetricDefinitions": [ACCURACY]},
    )


def test_a_walk_through_runs_unchanged(tmp_path: Path) -> None:
    path = script_job(
        tmp_path, source(tmp_path / "src"), epochs="3", learning_rate="0.05", bool="true", k="2",
        layers='"deep"',
    )  # fmt: skip
    report = emulate_training(path)
    assert report.well, report
    assert report.metrics == {"validation:accuracy": [0.9]}
    written = json.loads(archived(tmp_path, "model.tar.gz")["m.json"])
    assert written["args"]["epochs"] == 3
    assert written["args"]["learning_rate"] == 0.05
    assert written["args"]["bool"] == "True"
    assert written["args"]["k"] == 2
    assert written["args"]["layers"] == "deep"
    assert written["lines"] == 2
    assert written["channels"] == '["train"]'
    assert json.loads(written["hps"]) == {
        "epochs": 3, "learning-rate": 0.05, "bool": True, "k": 2, "layers": "deep",
    }  # fmt: skip


def test_a_program_that_fails(tmp_path: Path) -> None:
    report = emulate_training(script_job(tmp_path, source(tmp_path / "src"), epochs="13"))
    assert (report.status, report.violations) == ("Failed", [])
    assert report.reason == "train.py ended with exit code 1 (ValueError)"


def test_sigterm_reaches_the_program(tmp_path: Path) -> None:
    path = script_job(tmp_path, source(tmp_path / "src"), epochs="14")
    report = emulate_training(path, stop_after=12.0, limits=ContainerLimits(stop_training=20))
    assert report.status == "Stopped"
    assert report.violations == []
    assert "saved" in archived(tmp_path, "model.tar.gz")


@pytest.mark.parametrize(
    ("address", "words"),
    [("file:///no/such/place.tar.gz", "does not exist"), ("", "holds no train.py")],
)
def test_a_program_that_is_not_there(address: str, words: str, tmp_path: Path) -> None:
    report = emulate_training(script_job(tmp_path, address))
    assert (report.status, report.violations) == ("Failed", [])
    assert words in report.reason


def test_a_hostile_archive_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
        archive.add(__file__, "../train.py")
    report = emulate_training(script_job(tmp_path, f"file://{tmp_path}/bad.tar.gz"))
    assert report.status == "Failed"
    assert "outside its own directory" in report.reason


def test_arguments_and_variables(tmp_path: Path) -> None:
    values = {"b": 1, "name": "x", "flag": True, "pairs": {"k": "v", "l": 2}, "list": [1, 2]}
    assert script_arguments(values) == [
        *("-b", "1", "--flag", "True", "--list", "[1, 2]"),
        *("--name", "x", "--pairs", "k=v,l=2"),
    ]
    texts = {"b": "1", "name": "é", "none": "null", "sagemaker_program": "train.py"}
    base = opt_ml(tmp_path / "ml", texts, {"train": {}, "eval-set": {}})
    found = script_environment(Container(base), texts, "train.py", ["-b", "1"])
    assert found["SM_HPS"] == '{"b":1,"name":"\\u00e9","none":null}'
    assert found["SM_HP_NAME"] == "é"
    assert found["SM_HP_NONE"] == ""
    assert found["SM_CHANNELS"] == '["eval-set","train"]'
    assert found["SM_CHANNEL_EVAL-SET"] == str(base / "input/data/eval-set")
    assert found["SM_USER_ARGS"] == '["-b","1"]'
    assert found["SM_MODULE_NAME"] == "train"
    assert found["SM_OUTPUT_DIR"] == str(base / "output")
    assert found["SM_IS_HETERO"] == "false"
    assert found["SM_HOSTS"] == '["algo-1"]'
    assert json.loads(found["SM_TRAINING_ENV"])["is_master"] is True
    assert sys.getsizeof(found["SM_TRAINING_ENV"]) < 10_000
    wanted = """HOSTS CURRENT_HOST NETWORK_INTERFACE_NAME HPS USER_ENTRY_POINT FRAMEWORK_PARAMS
    RESOURCE_CONFIG INPUT_DATA_CONFIG OUTPUT_DATA_DIR CHANNELS CURRENT_INSTANCE_TYPE
    CURRENT_INSTANCE_GROUP CURRENT_INSTANCE_GROUP_HOSTS INSTANCE_GROUPS INSTANCE_GROUPS_DICT
    DISTRIBUTION_INSTANCE_GROUPS IS_HETERO MODULE_NAME LOG_LEVEL FRAMEWORK_MODULE INPUT_DIR
    INPUT_CONFIG_DIR OUTPUT_DIR NUM_CPUS NUM_GPUS NUM_NEURONS MODEL_DIR MODULE_DIR TRAINING_ENV
    USER_ARGS OUTPUT_INTERMEDIATE_DIR"""
    assert {f"SM_{name}" for name in wanted.split()} <= found.keys()
