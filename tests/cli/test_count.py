from pathlib import Path

from .conftest import Cli


def test_counts_for_people_and_for_programs(job: Path, cli: Cli) -> None:
    prepared = job / "job" / "prepared"
    whole = cli("count", job / "job", "--json")
    assert whole.json() == cli("count", prepared, "--json").json()
    figures = cli("count", prepared, "--json").json()
    assert figures["kind"] == "prepared data"
    assert sum(figures["months"].values()) == figures["rows"]
    said = cli("count", prepared).out
    assert said.startswith(f"{figures['rows']:,} reviews in {figures['files']} files of ")
    month, category = min(figures["months"]), min(figures["categories"])
    for name, number in ((month, figures["months"][month]), (category, "")):
        assert f"\n{name} " in said
        assert str(number) in said


def test_columns_of_a_table_can_be_named(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text('comment,shelf\n"Good, and cheap",Toys\nBad all the same,\n')
    words = ("count", path, "--map", "review_body=comment", "--map", "product_category=shelf")
    assert cli(*words, "--json").json()["categories"] == {"": 1, "Toys": 1}
    assert "(none)" in cli(*words).out
