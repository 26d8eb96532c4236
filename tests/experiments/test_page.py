"""The page says what the verdict says, and shows names as text."""

from html.parser import HTMLParser

import pandas as pd
import pyarrow as pa

from reviewdesk.experiments.design import ExperimentSettings, Metric, design
from reviewdesk.experiments.page import experiment_page
from reviewdesk.experiments.status import status
from reviewdesk.experiments.summary import summarise

from .test_status import paired, rows

HOSTILE = "<script>alert(1)</script>"


class Parts(HTMLParser):
    """Collects headings, drawings and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def page(frame: pd.DataFrame, arms: str = "A,B", **options: object) -> tuple[Parts, str]:
    settings = ExperimentSettings.from_json({"unit_column": "customer", **options})
    guards = [] if options else [Metric("latency", "lower", guardrail=True, margin=1.0)]
    found = status(pa.table(frame), design(arms, [Metric("correct"), *guards], settings))
    return Parts(experiment_page(found, "A test").render()), summarise(found).sentence


def test_it_leads_with_the_verdict_and_shows_sequence_split_and_guardrails() -> None:
    parts, sentence = page(rows(3_000, 1, rates=(0.8, 0.88)))
    assert sentence in parts.text
    for heading in ("The difference over time", "The split", "Guardrails", "If it goes on"):
        assert heading in parts.text
    assert parts.tags.count("svg") == 2
    assert "nan" not in parts.text.lower().replace("nance", "")


def test_names_are_text() -> None:
    frame = rows(2_000, 2)
    frame["arm"] = frame["arm"].replace({"B": HOSTILE})
    parts, _ = page(frame, f"A,{HOSTILE}")
    assert HOSTILE in parts.text
    assert parts.tags.count("script") == 1  # the page's own


def test_few_rows_and_pairs_have_a_page_too() -> None:
    parts, sentence = page(rows(3, 3))
    assert sentence in parts.text
    parts, _ = page(paired(300, 4), request_column="request")
    assert "The split" not in parts.text
    assert "of the requests" in parts.text
