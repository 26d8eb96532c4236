"""What is printed: names from data do nothing to the terminal."""

import json

import pytest

from reviewdesk.cli.output import note, print_json, print_table, say, visible

OBEYED = "a\x1b[31mred\x07\x9b1m\x7f\u202eevil\u2066\u2028next\ud800 \U000e0041\r\n"


def test_what_a_terminal_obeys_is_shown_as_an_escape() -> None:
    shown = visible(OBEYED)
    assert shown == (r"a\x1b[31mred\x07\x9b1m\x7f\u202eevil\u2066\u2028next\ud800 \U000e0041\r\n")
    kept = "naïve café 90\N{NO-BREAK SPACE}% 日本 می\u200cخواهم \N{MAN}\u200d\N{WOMAN}"
    assert visible(kept) == kept


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("\none\ntwo\n")
    note("\x1b[2Jwiped")
    shown = capsys.readouterr()
    assert shown.out == "\none\\ntwo\n\n"
    assert shown.err == "\\x1b[2Jwiped\n"
    say("")
    say("\n")
    assert capsys.readouterr().out == "\n\n\n"


def test_json_means_the_same_and_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"what": OBEYED, "title": "café"}
    print_json(value)
    shown = capsys.readouterr().out
    assert json.loads(shown) == value
    assert visible(shown.replace("\n", "")) == shown.replace("\n", "")
    assert "café" in shown


def test_cells_are_neither_markup_nor_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    cells = [r"[/b] \[red]x", ":bomb:", "\x1b]0;title\x07", "two\nlines"]
    print_table(["[bold]h", "b", "c", "d"], [cells], "[i]of \x1b")
    shown = capsys.readouterr().out
    for one in (*cells[:2], r"\x1b]0;title\x07", r"two\nlines", "[bold]h", r"[i]of \x1b"):
        assert one in shown
