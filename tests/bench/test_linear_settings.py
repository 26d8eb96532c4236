"""The settings with which the benches run: all that a system asks for is there."""

import pytest
from bench.linear_tune import GRIDS, chosen_settings


@pytest.mark.parametrize("system", GRIDS)
def test_every_data_set_has_all_settings_of_each_system(system: str) -> None:
    for name, systems in chosen_settings().items():
        assert set(GRIDS[system]) <= set(systems[system]["settings"]), (name, system)


def test_the_best_recipe_known_for_nbsvm_is_used() -> None:
    """Mesnil et al. 2014: rows of unit length; tokens as Wang and Manning's own code has them."""
    recipe = chosen_settings()["imdb"]["NB-SVM"]["settings"]
    assert recipe == {"marks": True, "unit": True, "ngrams": 3, "C": 1.0}
