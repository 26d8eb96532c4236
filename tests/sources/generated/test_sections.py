"""Language files: keys, fallbacks, and mistakes that are found when they are read."""

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.sources.generated.grammar import compile_grammar, load_grammar
from reviewdesk.sources.generated.rolls import Rolls
from reviewdesk.sources.generated.sections import Sections
from reviewdesk.sources.generated.writer import Sentences, Writer

BASE = """
[category Books = 500 work person Movies]
[category Movies = 500 work person Books]
[aspect story = Books Movies]
+ is good
- is bad
[stop]
.
"""


def written(text: str, rule: str, count: int = 50, **contexts: int) -> set[str]:
    grammar = compile_grammar([BASE + text])
    words = [pa.array(["album"]), pa.array(["an album"])]
    about = Sentences.about(
        np.zeros(count, dtype=np.int64),
        **{name: np.full(count, value) for name, value in contexts.items()},
    )
    return set(Writer(grammar, words).write(rule, about, Rolls(1, 1)).to_pylist())


def test_alternatives_are_divided_by_bars_and_lines() -> None:
    assert written("[word]\na | b\nc", "word") == {"a", "b", "c"}


def test_a_tilde_is_the_empty_alternative_and_takes_its_space_along() -> None:
    text = "[very]\nvery | ~\n[said]\nis {very }good{ very}"
    assert written(text, "said") == {
        "is good", "is very good", "is good very", "is very good very",
    }  # fmt: skip


def test_a_comma_takes_no_space_before_it() -> None:
    assert written("[tail]\n, really\n[said]\ngood{ tail}", "said") == {"good, really"}


def test_articles_follow_the_sound() -> None:
    text = "[thing]\napple | pear | one | unit | hour\n[said]\n{a thing}"
    assert written(text, "said") == {"an apple", "a pear", "a one", "a unit", "an hour"}
    assert written("[kind]\n{noun}\n[said]\nbuy {a kind}", "said") == {"buy an album"}


def test_keys_choose_and_the_particular_one_stands() -> None:
    text = "[said + work]\nboth\n[said +]\npraise\n[said -]\nfault\n[said work]\nwork"
    assert [written(text, "said", tone=tone) for tone in range(4)] == [
        {"fault"}, {"praise"}, {"fault"}, {"both"},
    ]  # fmt: skip


def test_a_section_without_keys_holds_elsewhere() -> None:
    text = "[said Movies]\nfilm\n[said]\nthing"
    assert written(text, "said", category=0) == {"thing"}
    assert written(text, "said", category=1) == {"film"}


def test_aspects_have_verdicts_of_both_kinds() -> None:
    text = "[said]\nthe {aspect} {verdict}."
    assert written(text, "said", verdict=0) == {"the story is bad."}
    assert written(text, "said", verdict=1) == {"the story is good."}


def test_tildes_make_the_first_alternatives_more_frequent() -> None:
    def firsts(marks: str) -> int:
        grammar = compile_grammar([f"{BASE}[said{marks}]\na | b | c | d | e | f | g | h"])
        about = Sentences.about(np.zeros(8_000, dtype=np.int64))
        said = Writer(grammar, []).write("said", about, Rolls(1, 1))
        return sum(one == "a" for one in said.to_pylist())

    # One in eight; a random number's square, and its cube, is below an eighth.
    assert firsts("") == pytest.approx(1_000, abs=150)
    assert firsts(" ~") == pytest.approx(8_000 * 8**-0.5, abs=150)
    assert firsts(" ~~") == pytest.approx(4_000, abs=150)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[said]\n{missing}", "no section is called 'missing'"),
        ("[said Cars]\nx", "unknown key 'Cars'"),
        ("[said Books]\nx", "a section is missing for category 1"),
        ("[said]\nx\n[said]\ny", "two sections are called 'said'"),
    ],
)
def test_mistakes_are_found_when_read(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_grammar([BASE + text])


def test_no_text_at_all_is_no_sections() -> None:
    assert Sections([""]).categories == []


def test_the_packages_own_language_is_whole() -> None:
    grammar = load_grammar()
    names = [category.name for category in grammar.categories]
    assert len(names) == len(set(names)) == 15
    assert all(category.partner in names for category in grammar.categories)
    assert sum(category.share for category in grammar.categories) == 1000
    assert all(len(category.aspects) >= 5 for category in grammar.categories)
