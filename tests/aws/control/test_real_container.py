"""From reviews to an endpoint that is gone, with the image's own programs in SageMaker's place."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.control.deploy import Deployer
from reviewdesk.aws.control.inventory import Deleter
from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.settings import DeploySettings, TrainJobSettings
from reviewdesk.aws.control.training_job import Trainer
from reviewdesk.aws.local.serving import ServedModel, emulate_serving
from reviewdesk.aws.local.training import emulate_training
from reviewdesk.bundle import load_bundle
from tests.aws.control.cloud import Cloud
from tests.cli.conftest import run_cli


def requested(account: Account, operation: str, path: Path) -> Path:
    """Write the last request of a kind to a file."""
    sent = [one.parameters for one in account.requests if one.operation == operation]
    path.write_text(json.dumps(sent[-1]))
    return path


@pytest.mark.slow
def test_train_deploy_and_delete_with_the_images_own_programs(
    aws: Cloud, account: Account, prices: Prices, tmp_path: Path
) -> None:
    made = run_cli("demo-data", "--reviews", "1500", "--out", tmp_path / "reviews.tsv.gz")
    assert made.code == 0, made.err
    trainer = Trainer(account, prices, poll_seconds=0.01)
    asked = TrainJobSettings(
        data=str(tmp_path / "reviews.tsv.gz"),
        hyper_parameters={"model": "linear", "target": "sentiment"},
    )
    trainer.train(asked, name="job-1", wait=False)
    job = requested(account, "CreateTrainingJob", tmp_path / "job.json")
    report = emulate_training(job)
    assert report.well, report.to_json()
    bundle = tmp_path / "bundle"
    assert trainer.train(asked, name="job-1", out=bundle).status == "Completed"
    assert load_bundle(bundle).target == "sentiment"

    def answer(name: str, variant: str, body: bytes) -> tuple[int, Any]:
        return 200, served(requested(account, "CreateModel", tmp_path / "model.json"), body)

    aws.answer = answer
    deployer = Deployer(account, prices, poll_seconds=0.01)
    done = deployer.deploy("sentiment", DeploySettings(model=str(bundle), expires="1h"))
    assert done.outcome == "made"
    assert Deleter(account, pause_seconds=0.0).delete().proven


def served(model: Path, body: bytes) -> Any:
    """Serve a model as SageMaker would, and return its answer to one request."""
    answers: list[Any] = []

    def ask(one: ServedModel) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{one.port}/invocations",
            body,
            {"Content-Type": "application/json", "Accept": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answers.append(json.loads(response.read()))

    report = emulate_serving(model, base=model.parent / "ml", port=18_080, meanwhile=ask)
    assert report.well, report.to_json()
    return answers[0]
