import pytest

from reviewdesk.progress import Progress


def test_nothing_is_drawn_when_nobody_watches(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(Progress().track(range(3), "Counting", 3, "numbers")) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_a_bar_shows_title_and_amount(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(visible=True).task("Reading", 10, "reviews") as task:
        task.advance(4)
    error = capfd.readouterr().err
    assert "Reading" in error
    assert "/10" in error
