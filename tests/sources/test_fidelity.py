"""A small part of ``bench/fidelity.py``: what other programs write is read back as it was."""

from random import Random

import pytest
from bench.dialects.base import Dialect
from bench.dialects.columnar import COLUMNAR
from bench.dialects.comparison import judged
from bench.dialects.databases import DATABASES
from bench.dialects.jsons import JSONS
from bench.dialects.reviews import generate
from bench.dialects.separated import SEPARATED
from bench.dialects.spreadsheets import SPREADSHEETS

DIALECTS = (*SEPARATED, *SPREADSHEETS, *JSONS, *DATABASES, *COLUMNAR)
PAIRS = 3


def silent(dialect: Dialect) -> dict[int, str]:
    verdicts = {
        number: judged(dialect, generate(Random(f"{dialect.name}-{number}")))
        for number in range(PAIRS)
    }
    return {number: one.kind for number, one in verdicts.items() if one.outcome == "SILENT"}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_nothing_is_read_back_as_other_than_it_was_written(dialect: Dialect) -> None:
    assert silent(dialect) == {}
