"""docs/python.md: its programs run, in a script and in a notebook."""

import re
from pathlib import Path
from typing import Any, cast

import nbformat
import pytest
from nbclient import NotebookClient

from reviewdesk.settings import DemoSettings
from reviewdesk.sources.generated import generate

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Run the page as a notebook, with each result shown, and return what the cells gave out."""
    folder = tmp_path_factory.mktemp("notebook")
    generate(folder / "reviews.tsv.gz", DemoSettings(reviews=3_000))
    tickets = ["message,topic"]
    for number in range(60):
        tickets += [f"parcel lost number {number},delivery", f"charged twice {number},money"]
    (folder / "tickets.csv").write_text("\n".join(tickets) + "\n")
    shown = ["reviews", "rd.explore(reviews)", "model", "model.evaluate(reviews)", "wrong"]
    new_cell, new_notebook = (
        cast("Any", nbformat.v4.new_code_cell),
        cast("Any", nbformat.v4.new_notebook),
    )
    notebook = new_notebook(cells=[new_cell(one) for one in (*BLOCKS, *shown)])
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def test_from_a_file_to_findings_is_25_lines_at_most() -> None:
    assert len(BLOCKS) == 2
    for block, most in zip(BLOCKS, (3, 25), strict=True):
        assert len([line for line in block.splitlines() if line.strip()]) <= most


def test_the_programs_say_what_they_should(outputs: list[Any]) -> None:
    first, second = (
        "".join(one.text for one in cell if one.output_type == "stream") for cell in outputs[:2]
    )
    assert first.strip() == "['delivery' 'money']"
    assert "accuracy 0." in second
    assert "0.95 " in second


def test_results_show_themselves(outputs: list[Any]) -> None:
    for cell in outputs[2:]:
        assert any("text/html" in one.get("data", {}) for one in cell)


def test_progress_is_drawn_in_the_notebook_and_gone_in_the_end(outputs: list[Any]) -> None:
    bars = [one for one in outputs[1] if one.output_type == "display_data"]
    assert bars
    assert {one.data["text/plain"] for one in bars} == {""}
