"""The commands of docs/aws.md, run in order against what stands for AWS."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.aws.control.cloud import Cloud
from tests.aws.control.conftest import _door, aws, shop
from tests.aws.webapp.stacks_on_moto import live
from tests.cli.conftest import run_cli

__all__ = ["_door", "aws"]
PAGE = (Path(__file__).parents[2] / "docs" / "aws.md").read_text()


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line]


def answer(name: str, variant: str, body: bytes) -> tuple[int, Any]:
    """Answer as the container does."""
    sent = json.loads(body)["instances"]
    return 200, [{"label": ["__label__positive"], "prob": [0.9]} for _ in sent]


def test_from_the_laptop_to_zero_cost(
    aws: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    aws.answer = answer
    live.clear()
    account = shop()
    Path("aws.yaml").write_text(
        f"project: shop\nbucket: {account.bucket}\nrole: {account.role}\nimage: {account.image}\n"
    )
    said = {}
    for words in commands():
        assert words[0] == "reviewdesk"
        done = run_cli(*words[1:])
        assert done.code == 0, (words, done.err)
        said[" ".join(words[1:4])] = done.out
    assert len(said) == 9
    assert "0 left" in said["aws webapp delete"]
    assert "0 left" in said["aws delete --config"]
    assert live == set()
    for service, method, key in (
        ("sagemaker", "list_endpoints", "Endpoints"),
        ("sagemaker", "list_endpoint_configs", "EndpointConfigs"),
        ("sagemaker", "list_models", "Models"),
        ("lambda", "list_functions", "Functions"),
        ("cloudformation", "describe_stacks", "Stacks"),
    ):
        assert getattr(aws.client(service), method)()[key] == []
