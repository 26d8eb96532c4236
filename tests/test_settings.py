import pytest

from reviewdesk import settings
from reviewdesk.errors import UsageError
from reviewdesk.settings import (
    CleanSettings,
    PrepareSettings,
    Settings,
    SourceSettings,
    TargetSettings,
    TextSettings,
)

ALL = [
    value
    for value in vars(settings).values()
    if isinstance(value, type) and issubclass(value, Settings) and value is not Settings
]


@pytest.mark.parametrize("one", ALL)
def test_defaults_pass_their_own_checks_and_survive_json(one: type[Settings]) -> None:
    made = one().check()
    assert one.from_json(made.to_json()) == made


@pytest.mark.parametrize("one", ALL)
def test_every_setting_says_what_it_means(one: type[Settings]) -> None:
    for name, _, meaning, _ in one.described():
        assert len(meaning) > 10, name
        assert not meaning.endswith("."), f"{name}: the full stop is added where it is shown"


def test_equal_settings_have_equal_digests_and_others_differ() -> None:
    assert CleanSettings().digest() == CleanSettings(html=True).digest()
    assert CleanSettings().digest() != CleanSettings(html=False).digest()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (TargetSettings(target="colour"), "sentiment, stars, category"),
        (PrepareSettings(max_rejects=1.5), "at most 1"),
        (PrepareSettings(max_rejects=float("nan")), "at least 0"),
        (PrepareSettings(min_chars=-1), "at least 0"),
        (PrepareSettings(min_chars=True), "wrong type"),
        (TextSettings(fields=("customer_id",)), "review_headline, review_body"),
        (SourceSettings(columns={"review_body": 3}), "wrong type"),  # type: ignore[dict-item]
    ],
)
def test_a_value_outside_its_limits_is_named(made: Settings, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        made.check()


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(UsageError, match="colour"):
        CleanSettings.from_json({"colour": 1})


def test_lists_of_json_become_tuples() -> None:
    assert TextSettings.from_json({"fields": ["review_body"]}).fields == ("review_body",)
