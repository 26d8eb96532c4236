"""AWS without an account: training job, batch transform, endpoint, web page, deletion proven.

``python -m bench.demo_aws FOLDER``. Moto answers as AWS, and the image's own programs run as
SageMaker runs them; the page is opened in Chromium where there is one.
"""

import json
import logging
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import sync_playwright
from tests.aws.control.cloud import BUCKET, IMAGE, ROLE, Cloud, cloud
from tests.aws.webapp import stacks_on_moto
from tests.cli.conftest import run_cli

from reviewdesk.aws.control.deploy import Deployer
from reviewdesk.aws.control.inventory import Deleter
from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.settings import AccountSettings, DeploySettings
from reviewdesk.aws.local.report import Report
from reviewdesk.aws.local.runtime import runtime_of
from reviewdesk.aws.local.serving import ServedModel, emulate_serving
from reviewdesk.aws.local.training import emulate_training
from reviewdesk.aws.local.transform import emulate_transform
from reviewdesk.aws.webapp.deploy import deploy_webapp
from reviewdesk.aws.webapp.gateway import listening
from reviewdesk.aws.webapp.gateway_events import REST
from reviewdesk.aws.webapp.local import LocalApp, local_app
from reviewdesk.aws.webapp.settings import WebappSettings
from reviewdesk.bundle import load_bundle

REVIEWS: Final = 2000
JOB: Final = "demo-1"
NAME: Final = "sentiment"
PORT: Final = 18_081
CHROMIUM: Final = Path("/usr/bin/chromium")
PRAISE: Final = "Works very well, I love it. Great value."
COMPLAINT: Final = "Awful, a waste of money. It broke and I sent it back."


def main(folder: Path) -> None:
    """Show everything, in one folder."""
    started = time.monotonic()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request
    folder.mkdir(parents=True, exist_ok=True)
    bundle = train(folder)
    transform(folder)
    with cloud() as aws:
        aws.reset()
        account = Account(AccountSettings(project="demo", bucket=BUCKET, role=ROLE, image=IMAGE))
        serve(aws, account, folder, bundle)
        done = Deleter(account, pause_seconds=0.1).delete()
        for one in done.removed:
            say(f"deleted: {one.kind} {one.name}")
        if not done.proven or stacks_on_moto.live:
            raise SystemExit(f"left: {done.left} {stacks_on_moto.live}")
        say("0 left: every kind was listed, and nothing of it is there")
    say(f"{time.monotonic() - started:.0f} s in all")


def train(folder: Path) -> Path:
    """Run a training job and return its archive."""
    data = folder / "reviews" / "reviews.tsv.gz"
    data.parent.mkdir(parents=True)
    made = run_cli("demo-data", "--reviews", str(REVIEWS), "--out", data)
    if made.code:
        raise SystemExit(made.err)
    source = {"S3DataType": "S3Prefix", "S3Uri": f"file://{data.parent.resolve()}/"}
    job = written(
        folder / "train.json",
        TrainingJobName=JOB,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        HyperParameters={"model": "linear", "target": NAME},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"file://{(folder / 'models').resolve()}"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    report = emulate_training(job)
    told("training job", report)
    return folder / "models" / JOB / "output" / "model.tar.gz"


def transform(folder: Path) -> None:
    """Run a batch transform over some reviews."""
    source = folder / "unlabelled"
    source.mkdir()
    lines = [json.dumps({"source": text}) for text in (PRAISE, COMPLAINT)]
    (source / "reviews.jsonl").write_text("\n".join(lines) + "\n")
    place = {"S3DataType": "S3Prefix", "S3Uri": f"file://{source.resolve()}/"}
    job = written(
        folder / "transform.json",
        TransformJobName=JOB,
        ModelName=JOB,
        BatchStrategy="MultiRecord",
        TransformInput={"DataSource": {"S3DataSource": place}, "SplitType": "Line",
                        "ContentType": "application/jsonlines"},
        TransformOutput={"S3OutputPath": f"file://{(folder / 'labelled').resolve()}",
                         "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )  # fmt: skip
    with TemporaryDirectory() as base:
        report = emulate_transform(job, model_request(folder), (), base=Path(base), port=PORT)
    told("batch transform", report)
    say((folder / "labelled" / "reviews.jsonl.out").read_text().strip())


def serve(aws: Cloud, account: Account, folder: Path, bundle: Path) -> None:
    """Deploy an endpoint that our container answers, and a web app before it."""

    def meanwhile(served: ServedModel) -> None:
        aws.answer = lambda name, variant, body: asked(served.port, body)
        prices = Prices(account, None, folder / "prices")
        deployer = Deployer(account, prices, hear=say, poll_seconds=0.1)
        deployer.deploy(NAME, DeploySettings(model=str(bundle), expires="1h"))
        settings = WebappSettings(gateway=REST, endpoint=NAME)
        made = deploy_webapp(account, "desk", {NAME: str(bundle)}, settings, poll_seconds=0.1)
        say(f"web app {made.name}: {made.outcome}")
        with (
            listening(runtime_of(NAME, served.port)) as port,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"http://127.0.0.1:{port}")
            with local_app({NAME: load_bundle(bundle)}, endpoint=NAME, kind=REST) as app:
                browse(app, folder)

    with TemporaryDirectory() as base:
        request = model_request(folder)
        report = emulate_serving(request, base=Path(base), port=PORT, meanwhile=meanwhile)
    told("endpoint", report)


def asked(port: int, body: bytes) -> tuple[int, Any]:
    """Return what a container answers."""
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"http://127.0.0.1:{port}/invocations", content=body, headers=headers)
    return answer.status_code, answer.json()


def browse(app: LocalApp, folder: Path) -> None:
    """Read a review on the page, as a person does."""
    if not CHROMIUM.exists():
        say("there is no /usr/bin/chromium: the page was not opened")
        return
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page()
        page.goto(app.site)
        page.get_by_role("textbox", name="Review").fill(PRAISE)
        page.get_by_role("button", name="Read the review").click()
        verdict = page.get_by_label("What the desk found").get_by_role("heading", level=2)
        verdict.wait_for()
        say(f"the page says: {verdict.inner_text()}")
        page.screenshot(path=folder / "page.png")
        browser.close()
    say(f"as it looked: {folder / 'page.png'}")


def model_request(folder: Path) -> Path:
    """Write the request of CreateModel for the trained model."""
    archive = (folder / "models" / JOB / "output" / "model.tar.gz").resolve()
    container = {"Image": IMAGE, "ModelDataUrl": f"file://{archive}"}
    return written(
        folder / "model.json", ModelName=JOB, ExecutionRoleArn=ROLE, PrimaryContainer=container
    )


def written(path: Path, **request: Any) -> Path:
    """Write a request of the API to a file."""
    path.write_text(json.dumps(request, indent=2))
    return path


def told(what: str, report: Report) -> None:
    """Say how a job ended, and end where a rule was broken."""
    say(f"{what}: {report.status}")
    if not report.well:
        raise SystemExit(json.dumps(report.to_json()))


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
