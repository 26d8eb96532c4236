"""Rows on disk: what is held out, and in which order rows are learnt from."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.models.neural.batches import Reader
from reviewdesk.models.neural.tokens import TokenFiles, write_tokens
from tests.models.corpus import cut, reviews

from .small import rows, vocabulary


def texts_of(tokens: TokenFiles, chosen: np.ndarray) -> list[bytes]:
    return [tokens.ids_of(np.array([row]))[0].tobytes() for row in chosen]


def test_groups_and_texts_are_on_one_side(tmp_path: Path) -> None:
    batch = reviews(600)
    batch = pa.concat_batches([batch, reviews(300)])  # copies under other products
    place = batch.schema.get_field_index("group")
    batch = batch.set_column(place, "group", pa.array(np.arange(900) // 3, pa.uint64()))
    _, tokens = rows(tmp_path / "tokens", batch)
    groups = np.arange(900) // 3
    assert 90 <= len(tokens.validation) <= 180
    assert not set(groups[tokens.learnt]) & set(groups[tokens.validation])
    assert not set(texts_of(tokens, tokens.learnt)) & set(texts_of(tokens, tokens.validation))
    assert set(tokens.labels[tokens.validation].tolist()) == {0, 1, 2}


def test_how_rows_are_cut_makes_no_difference(tmp_path: Path) -> None:
    batch = reviews()
    _, whole = rows(tmp_path / "whole", batch)
    words = vocabulary([batch])
    pieces = write_tokens(
        tmp_path / "pieces", words, lambda: cut(batch, 7), None, k=3, share=0.2, seed=0
    )
    for name in ("ids", "ends", "labels", "learnt", "validation"):
        assert (getattr(whole, name) == getattr(pieces, name)).all(), name


def test_rows_that_were_given_are_set_aside(tmp_path: Path) -> None:
    train, given = reviews(100), reviews(40, seed=1)
    words = vocabulary([train])
    parts = (lambda: iter([train]), lambda: cut(given, 9))
    tokens = write_tokens(tmp_path / "tokens", words, *parts, k=3, share=0.5, seed=0)
    assert tokens.validation.tolist() == list(range(100, 140))
    assert set(tokens.learnt.tolist()) <= set(range(100))


def test_labels_that_no_row_has_are_not_learnt(tmp_path: Path) -> None:
    batch = reviews(60, k=2)
    words = vocabulary([batch])
    tokens = write_tokens(
        tmp_path / "t", words, lambda: iter([batch]), None, k=5, share=0.1, seed=0
    )
    assert tokens.present.tolist() == [0, 1]


def test_too_few_rows_are_all_learnt_from(tmp_path: Path) -> None:
    _, tokens = rows(tmp_path / "tokens", reviews(2, seed=3), share=0.5)
    assert len(tokens.learnt) == 2
    assert len(tokens.present) == 2


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_an_epoch_visits_each_row_once_in_batches_of_like_lengths(
    tmp_path: Path, processes: int
) -> None:
    _, tokens = rows(tmp_path / "tokens", reviews(500))
    readers = [Reader(tokens, tokens.learnt, 16, 5, rank, processes) for rank in range(processes)]
    shares = [list(reader.epoch(2)) for reader in readers]
    assert {len(share) for share in shares} == {len(readers[0])}
    whole = [np.concatenate([share[at].rows for share in shares]) for at in range(len(readers[0]))]
    assert [batch.whole for batch in shares[0]] == [len(batch) for batch in whole]
    assert sorted(np.concatenate(whole).tolist()) == tokens.learnt.tolist()
    spread = [np.ptp(tokens.lengths(batch)) for batch in whole]
    assert np.mean(spread) < np.ptp(tokens.lengths(tokens.learnt)) / 3


def test_an_epoch_goes_on_at_any_batch(tmp_path: Path) -> None:
    _, tokens = rows(tmp_path / "tokens", reviews(300))
    reader = Reader(tokens, tokens.learnt, 16, 5)
    whole = [batch.rows.tolist() for batch in reader.epoch(1)]
    assert [batch.rows.tolist() for batch in reader.epoch(1, start=4)] == whole[4:]
    assert [batch.rows.tolist() for batch in reader.epoch(2)] != whole
