from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewdesk.aws.control.deploy import Deployer
from reviewdesk.aws.control.prices import Prices
from reviewdesk.aws.control.session import Account
from reviewdesk.aws.control.settings import AccountSettings
from tests.aws.control.cloud import BUCKET, IMAGE, ROLE, Cloud, cloud

MODEL = f"s3://{BUCKET}/model.tar.gz"


@pytest.fixture(scope="session")
def _door() -> Iterator[Cloud]:
    with cloud() as one:
        yield one


@pytest.fixture
def aws(_door: Cloud) -> Cloud:
    """AWS, with nothing in it but a bucket and a model archive."""
    _door.reset()
    _door.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=b"a model")
    _door.calls.clear()
    return _door


@pytest.fixture
def account(aws: Cloud) -> Account:
    return Account(shop())


def shop(**more: object) -> AccountSettings:
    return AccountSettings(
        **{"project": "shop", "bucket": BUCKET, "role": ROLE, "image": IMAGE, **more}  # type: ignore[arg-type]
    )


@pytest.fixture
def prices(account: Account, tmp_path: Path) -> Prices:
    path = tmp_path / "prices.yaml"
    path.write_text(
        "currency: USD\ndate: 2026-11-01\nregion: us-east-1\n"
        "endpoint: {ml.m5.large: 0.1, ml.c5.large: 0.2}\ntraining: {ml.m5.large: 0.3}\n"
    )
    return Prices(account, path, tmp_path / "kept")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "aws.yaml"
    path.write_text(
        f"project: shop\nbucket: {BUCKET}\nrole: {ROLE}\nimage: {IMAGE}\n"
        f"deploy: {{model: '{MODEL}', expires: 8h, instances: 2}}\n"
    )
    return path


@pytest.fixture
def deployer(account: Account, prices: Prices) -> Deployer:
    return Deployer(account, prices, poll_seconds=0.01)
