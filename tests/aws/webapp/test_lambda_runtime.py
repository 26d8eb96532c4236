"""The function as Lambda's images run it: by AWS's own runtime client, over the Runtime API."""

import json
import os
import queue
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.aws.webapp.gateway import listening
from reviewdesk.aws.webapp.gateway_events import HttpRequest
from reviewdesk.serving.direct import DirectAnswer
from tests.aws.webapp.gateways import EVENTS, review, small_bundle

pytest.importorskip("awslambdaric", reason="awslambdaric is not installed: pip install '.[lambda]'")
NEXT = "/2018-06-01/runtime/invocation/next"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    small_bundle(folder / "bundle", folder / "reviews.csv")
    return folder / "bundle"


class RuntimeApi:
    """Lambda's side: gives one event and takes what comes back."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.events = [event]
        self.returned: queue.Queue[tuple[str, Any]] = queue.Queue()
        self.over = queue.Queue[None]()

    def answer(self, request: HttpRequest) -> DirectAnswer:
        if request.path == NEXT:
            if not self.events:
                self.over.get(timeout=60)
            event = self.events.pop() if self.events else {}
            headers = {
                "lambda-runtime-aws-request-id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "lambda-runtime-deadline-ms": str(round(1000 * (time.time() + 30))),
                "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:1:function:web",
                "content-type": "application/json",
            }
            return DirectAnswer(200, headers, json.dumps(event).encode())
        self.returned.put((request.path.rpartition("/")[2], json.loads(request.body)))
        return DirectAnswer(202)


def test_awslambdaric_runs_the_function(bundle: Path, tmp_path: Path) -> None:
    event = EVENTS["http-2.0"](
        "POST", "/invocations", review("great love"), content_type="application/json"
    )
    api = RuntimeApi(event)
    with listening(api.answer) as port:
        environment = {
            **os.environ,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "REVIEWDESK_BUNDLES": f"sentiment={bundle}",
        }
        with subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", "reviewdesk.aws.webapp.function.handle"],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                what, answer = api.returned.get(timeout=60)
            finally:
                process.kill()
                api.over.put(None)
    assert what == "response"
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])[0]["label"] == ["__label__positive"]


def test_kernels_of_the_image_become_the_users_own(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "image" / "abc"
    kept.mkdir(parents=True)
    (kept / "kernel.nbi").write_text("index")
    environment = {
        **os.environ,
        "REVIEWDESK_IMAGE_KERNELS": str(kept.parent),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "REVIEWDESK_ENDPOINT": "sentiment",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command = [sys.executable, "-c", "import reviewdesk.aws.webapp.function"]
    subprocess.run(command, env=environment, check=True, cwd=tmp_path)
    copied = tmp_path / "cache" / "reviewdesk" / "kernels"
    assert (copied / "abc" / "kernel.nbi").read_text() == "index"
    assert copied.stat().st_mode & 0o777 == 0o700
