from pathlib import Path

from .conftest import Cli


def test_it_is_said_which_columns_come_from_where(cli: Cli, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        row = f'"A kettle in {name}",5,2020-01-01,ann,1'
        (tmp_path / name).write_text(f"text,star_rating,created_on,handle of user,x\n{row}\n")
    done = cli("prepare", tmp_path / "a.csv", tmp_path / "b.csv", "--out", tmp_path / "out")
    assert done.code == 0, done.err
    lines = [line.split() for line in done.err.splitlines()]
    assert " ".join(lines[0]).endswith("a.csv and 1 more file:")
    assert lines[1:4] == [
        ["column", "read", "from"],
        ["star_rating", "star_rating"],
        ["review_body", "text", "(guessed)"],
    ]
    assert "not found: marketplace, customer_id, review_id," in done.err
    assert "'created_on' like review_date, 'handle of user' like customer_id" in done.err
    assert "'x'" not in done.err
    assert "--map 'customer_id=handle of user' --map review_date=created_on" in done.err
    assert len(lines) == 7


def test_a_column_of_which_all_is_lost_is_exit_code_4(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,date\nThe kettle boils,last week\n")
    done = cli("prepare", tmp_path / "a.csv", "--out", tmp_path / "out")
    assert done.code == 4
    assert "none of the 1 values in date could be read as review_date" in done.err
    assert "holds 1 review of 1 row" in done.out
