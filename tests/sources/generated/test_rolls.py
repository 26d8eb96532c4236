"""Random numbers: pinned, even, and within their bounds."""

import numpy as np

from reviewdesk.sources.generated.rolls import Rolls, running_sums, scrambled, squared


def test_the_stream_is_pinned() -> None:
    assert Rolls(7, 3).raw(2).tolist() == [8893702929424106994, 13357943582879616415]
    assert Rolls(7, 3).raw(2).tolist() != Rolls(7, 4).raw(2).tolist()


def test_large_seeds_are_taken() -> None:
    assert len(Rolls(2**80 + 1, 0).raw(1)) == 1


def test_whole_numbers_are_even_and_below_their_bounds() -> None:
    drawn = Rolls(1, 0).below(10, 100_000)
    assert np.all(np.abs(np.bincount(drawn, minlength=10) / 10_000 - 1) < 0.05)
    bounds = np.arange(1, 1001)
    assert np.all(Rolls(1, 0).below(bounds, 1000) < bounds)


def test_chances_hold() -> None:
    assert abs(Rolls(1, 0).chance(0.3, 100_000).mean() - 0.3) < 0.01
    assert not Rolls(1, 0).chance(0.0, 1000).any()
    assert Rolls(1, 0).chance(1.0, 1000).all()


def test_weights_hold() -> None:
    drawn = Rolls(1, 0).weighted(running_sums([1, 0, 3]), 100_000)
    assert np.allclose(np.bincount(drawn, minlength=3) / 100_000, [0.25, 0, 0.75], atol=0.01)


def test_squares_prefer_small_numbers() -> None:
    halves = Rolls(1, 0).halves(100_000)
    assert abs(np.mean(squared(halves) < np.uint64(2**30)) - 0.5) < 0.01


def test_scrambling_keeps_different_numbers_different() -> None:
    assert len(np.unique(scrambled(np.arange(100_000), 5))) == 100_000
