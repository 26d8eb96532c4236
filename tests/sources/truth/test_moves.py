"""What moves where: shares, destinations, and that only ids decide."""

import numpy as np
import pytest

from reviewdesk.sources.truth.moves import Categories, Moves, choose_moves

K = 6
KEYS = np.random.default_rng(0).integers(2**63, size=3_000).astype(np.uint64)
CATEGORY = np.random.default_rng(1).integers(K, size=3_000)
SIMILARITY = np.zeros((K, K))
SIMILARITY[0, 1] = SIMILARITY[1, 0] = 0.9
SIMILARITY[0, 2] = SIMILARITY[2, 0] = 0.1
CATEGORIES = Categories(np.arange(K, dtype=np.uint64) * np.uint64(977), SIMILARITY)


def moved(moves: str, share: float = 0.1, seed: int = 0, purpose: str = "review") -> Moves:
    return choose_moves(
        KEYS, CATEGORY, CATEGORIES, share=share, moves=moves, purpose=purpose, seed=seed
    )


@pytest.mark.parametrize("moves", ["uniform", "confusable", "clustered"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_as_many_move_as_asked_and_all_to_another_category(moves: str, share: float) -> None:
    found = moved(moves, share)
    assert len(found.chosen) == len(set(found.chosen)) == round(share * len(KEYS))
    assert np.all(found.destination != CATEGORY[found.chosen])
    assert np.all((found.destination >= 0) & (found.destination < K))


def test_uniform_moves_go_everywhere_alike() -> None:
    found = moved("uniform", 1.0)
    counts = np.zeros((K, K))
    np.add.at(counts, (CATEGORY[found.chosen], found.destination), 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert np.all(np.abs(shares[~np.eye(K, dtype=bool)] - 1 / (K - 1)) < 0.08)


def test_confusable_moves_go_to_similar_categories() -> None:
    found = moved("confusable", 1.0)
    of_first = found.destination[CATEGORY[found.chosen] == 0]
    assert set(of_first) == {1, 2}
    assert (of_first == 1).mean() == pytest.approx(0.9, abs=0.05)
    unlike_any = found.destination[CATEGORY[found.chosen] == 4]
    assert len(set(unlike_any)) == K - 1  # without any similar one, anywhere


def test_clustered_moves_take_a_batch_of_a_category_to_one_other() -> None:
    found = moved("clustered", 0.03)
    sources = CATEGORY[found.chosen]
    assert 1 <= len(set(sources)) <= 3
    for source in set(sources):
        assert len(set(found.destination[sources == source])) == 1
        assert (sources == source).sum() <= np.ceil(0.1 * (source == CATEGORY).sum())


def test_only_ids_decide() -> None:
    back = np.arange(len(KEYS))[::-1]
    one = moved("uniform")
    other = choose_moves(
        KEYS[back],
        CATEGORY[back],
        CATEGORIES,
        share=0.1,
        moves="uniform",
        purpose="review",
        seed=0,
    )
    pairs = dict(zip(KEYS[one.chosen].tolist(), one.destination.tolist(), strict=True))
    again = dict(zip(KEYS[back][other.chosen].tolist(), other.destination.tolist(), strict=True))
    assert pairs == again


def test_another_seed_or_purpose_chooses_others() -> None:
    chosen = set(moved("uniform").chosen)
    assert len(chosen & set(moved("uniform", seed=1).chosen)) < 0.3 * len(chosen)
    assert len(chosen & set(moved("uniform", purpose="product").chosen)) < 0.3 * len(chosen)


def test_nothing_moves_where_there_is_nowhere_to_go() -> None:
    one = np.zeros(10, np.int64)
    for moves in ("uniform", "confusable", "clustered"):
        found = choose_moves(
            KEYS[:10], one, CATEGORIES, share=0.5, moves=moves, purpose="review", seed=0
        )
        assert len(found.chosen) == len(found.destination) == 0
        nothing = choose_moves(
            KEYS[:0], one[:0], CATEGORIES, share=1.0, moves=moves, purpose="review", seed=0
        )
        assert len(nothing.chosen) == 0
