import pytest

from reviewdesk.errors import UsageError
from reviewdesk.sources.offers import MCAULEY_CATEGORIES, offer


def test_imdb_has_a_size_that_is_known() -> None:
    found = offer("imdb")
    assert (found.paths, found.size) == (("aclImdb_v1.tar.gz",), 84_125_825)


def test_every_category_has_its_files() -> None:
    assert len(MCAULEY_CATEGORIES) == 34
    for category in MCAULEY_CATEGORIES:
        found = offer(f"mcauley-2023:{category}", metadata=True)
        assert found.paths == (
            f"review_categories/{category}.jsonl.gz",
            f"meta_categories/meta_{category}.jsonl.gz",
        )
        assert found.base.startswith("https://")


@pytest.mark.parametrize("name", ["", "IMDB", "mcauley-2023", "mcauley-2023:", "mcauley-2023:../x"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="there are: "):
        offer(name)
