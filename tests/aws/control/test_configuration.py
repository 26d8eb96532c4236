from pathlib import Path

import pytest

from reviewdesk.aws.control.configuration import read_configuration
from reviewdesk.aws.control.settings import AccountSettings
from reviewdesk.errors import InputError, UsageError


def written(folder: Path, text: str) -> Path:
    path = folder / "aws.yaml"
    path.write_text(text)
    return path


def test_what_holds_for_all_and_what_is_given_instead(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "project: shop\nregion: eu-west-1\ntags: {team: 7, spot: true}\nsubnets: subnet-1\n"
        "train:\n  instance: ml.m5.large\n",
    )
    made = read_configuration(path)
    account = made.account({"region": "us-east-1"})
    assert (account.project, account.region) == ("shop", "us-east-1")
    assert account.tags == {"team": "7", "spot": "true"}
    assert account.subnets == ("subnet-1",)
    assert made.raw("train") == {"instance": "ml.m5.large"}
    assert made.raw("deploy") == {}
    assert read_configuration(None).account() == AccountSettings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("regoin: eu-west-1", "unknown setting 'regoin'"),
        ("region: eu-west-1\nregion: us-east-1", r"says region twice \(line 2\)"),
        ("train: {a: 1, a: 2}", "says a twice"),
        ("region: [eu", "no YAML"),
        ("- region", "names and values"),
        ("isolated: perhaps", "isolated is of the wrong type"),
        ("aws_secret_access_key: x", "take it out"),
        ("region: !!python/object/apply:os.system ['true']", "no YAML"),
        ("a: &a [*a]", "aws.yaml"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises((InputError, UsageError), match=said):
        read_configuration(written(tmp_path, text)).account()
