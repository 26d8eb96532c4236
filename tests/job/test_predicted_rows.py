"""What a job was given, with what it found: every row in its place, with a label or a reason."""

from pathlib import Path

import pandas as pd
import pytest

import reviewdesk as rd

SHORT = "bad"


@pytest.fixture(scope="module")
def given() -> pd.DataFrame:
    rows = [
        (f"{('broke at once', 'works very well')[n % 2]}, room {n}", (1, 5)[n % 2], f"c{n}")
        for n in range(80)
    ]
    frame = pd.DataFrame(rows, columns=["text", "stars", "who"])
    frame["review_id"] = [f"R{n}" for n in range(80)]
    frame["cell"] = "=HYPERLINK(1)"
    long = "the kettle works very well and boils quickly, I would buy it again at once"
    extra = pd.DataFrame(
        {
            "text": ["", "...", frame["text"][3], long, long],
            "stars": [5, 1, 5, 5, 5],
            "who": ["x", "y", frame["who"][3], "z", "z"],
            "review_id": ["E0", "E1", "R3", "E3", "E4"],
            "cell": "plain",
        }
    )
    return pd.concat([extra[:2], frame, extra[2:]], ignore_index=True)


def test_run_gives_back_every_row_that_it_was_given(given: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    given.to_csv(path, index=False)
    with path.open("a") as file:
        file.write("a,b\n")
    job = rd.run(path, tmp_path / "job", folds=2, max_rejects=0.5)
    found = pd.read_csv(job.rows["sentiment"], keep_default_na=False)
    assert found["text"].tolist() == [*given["text"], "a"]
    assert found["review_id"].tolist()[:-1] == given["review_id"].tolist()
    assert set(found["cell"]) == {"'=HYPERLINK(1)", "plain", ""}
    why = [one.partition(":")[0] for one in found["not_labelled_because"]]
    assert why[:2] == ["no_text", "no_letters"]
    assert why[2:82] == [""] * 80
    assert why[82:] == ["duplicate_id", "", "duplicate_content", "wrong_field_count"]
    labelled = found[found["label"] != ""]
    assert len(labelled) == len(job.reviews) == 81
    wanted = pd.read_parquet(job.result.targets[0].predictions).set_index("review_id")
    for row in labelled.itertuples():
        assert row.label == wanted.loc[row.review_id, "label"]
        assert float(row.probability) == pytest.approx(wanted.loc[row.review_id, "probability"])
    again = rd.run(path, tmp_path / "job", folds=2, max_rejects=0.5)
    assert pd.read_csv(again.rows["sentiment"], keep_default_na=False).equals(found)
    without = rd.run(path, tmp_path / "plain", folds=2, max_rejects=0.5, rows=False)
    assert without.rows == {}
