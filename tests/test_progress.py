import time

import pytest

from reviewdesk.progress import Progress, _pace


def test_nothing_is_drawn_when_nobody_watches(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(Progress().track(range(3), "Counting", 3, "numbers")) == [0, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_a_bar_shows_title_and_amount(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(visible=True).task("Reading", 10, "reviews") as task:
        task.advance(4)
    error = capfd.readouterr().err
    assert "Reading" in error
    assert "/10" in error


def test_without_a_terminal_a_line_comes_now_and_then(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(every=0.02).task("Reading", 10, "reviews") as task:
        task.advance(4)
        until = time.monotonic() + 10
        said = ""
        # Reading what is captured may lose a part of a line that is being written just then.
        while "Reading: 4 of 10 reviews" not in said and time.monotonic() < until:
            time.sleep(0.02)
            said += capfd.readouterr().err
    assert "Reading: 4 of 10 reviews" in said
    time.sleep(0.1)
    capfd.readouterr()
    time.sleep(0.1)
    assert capfd.readouterr().err == ""


def test_who_is_to_be_silent_writes_no_line(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(visible=False, every=0.01).task("Reading"):
        time.sleep(0.1)
    assert capfd.readouterr() == ("", "")


def test_slow_work_says_how_long_it_will_take_and_no_rate_of_nothing() -> None:
    assert _pace(0, 5, 30) == ""
    assert _pace(1, 5, 30) == ", about 120 s left"
    assert _pace(6_000, 9_000, 30) == ", 200 a second, about 15 s left"
    assert _pace(60, None, 30) == ", 2 a second"
