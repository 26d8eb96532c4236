import json
from pathlib import Path

import pytest

from reviewdesk.examples.growing import CHECKPOINT, GrowingFiles


class Stopped(Exception):
    pass


def growing(out: Path, plan: int = 1) -> GrowingFiles:
    return GrowingFiles(out, ["a", "b"], {"plan": plan})


def stopped(out: Path) -> Path:
    """Leave what a run leaves that stops between two checkpoints; return where."""
    with pytest.raises(Stopped), growing(out) as files:
        files.append("a", b"first ")
        files.append("b", b"1")
        files.checkpoint({"done": 1})
        files.append("a", b"unfinished")
        raise Stopped
    return out.with_name(".out.partial")


def test_goes_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    aside = stopped(tmp_path / "out")
    (aside / "result" / ".manifest.json.77.partial").write_text("{")  # a kill leaves such things
    with growing(tmp_path / "out") as files:
        assert files.state == {"done": 1}
        files.append("a", b"second")
        files.checkpoint({})
        files.publish()
    assert (tmp_path / "out" / "a").read_bytes() == b"first second"
    assert (tmp_path / "out" / "b").read_bytes() == b"1"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", "b"}
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


@pytest.mark.parametrize("damage", ["plan", "short", "missing", "no_json", "no_checkpoint"])
def test_starts_over_when_nothing_can_be_relied_on(tmp_path: Path, damage: str) -> None:
    aside = stopped(tmp_path / "out")
    if damage == "short":
        (aside / "result" / "a").write_bytes(b"fi")
    elif damage == "missing":
        (aside / "result" / "b").unlink()
    elif damage == "no_json":
        (aside / CHECKPOINT).write_text("{")
    elif damage == "no_checkpoint":
        (aside / CHECKPOINT).unlink()
    with growing(tmp_path / "out", plan=2 if damage == "plan" else 1) as files:
        assert files.state == {}
        files.publish()
    assert (tmp_path / "out" / "a").read_bytes() == b""


def test_an_older_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("old")
    with growing(tmp_path / "out") as files:
        files.publish()
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", "b"}
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_the_checkpoint_says_what_is_finished(tmp_path: Path) -> None:
    aside = stopped(tmp_path / "out")
    found = json.loads((aside / CHECKPOINT).read_text())
    assert found.pop("digest")
    assert found == {"plan": {"plan": 1}, "sizes": {"a": 6, "b": 1}, "state": {"done": 1}}
