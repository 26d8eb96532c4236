"""Words as ids."""

import numpy as np
import pyarrow as pa

from reviewdesk.models.neural.words import PADDING, UNKNOWN, WordCounts, WordVocabulary, hash_word
from reviewdesk.text.tokens import tokenize


def bodies(*texts: str | None) -> pa.RecordBatch:
    return pa.record_batch({"review_body": pa.array(texts, pa.string())})


def counted(batch: pa.RecordBatch, most_places: int = 1 << 16) -> WordCounts:
    counts = WordCounts(batch.schema.names, most_places)
    counts.add(batch)
    return counts


def words_of(vocabulary: WordVocabulary, batch: pa.RecordBatch) -> list[list[int]]:
    ids, ends = vocabulary.ids(batch)
    return [part.tolist() for part in np.split(ids, ends[1:-1])]


def test_the_most_frequent_words_come_first_and_others_are_unknown() -> None:
    batch = bodies("good good good phone", "a phone", "phone and a good case", None)
    vocabulary = counted(batch).vocabulary(2, 2, 50, stop_words=True)
    phone, good = hash_word("phone"), hash_word("Good")
    assert vocabulary.hashes[0] == phone  # a word counts once a review
    assert vocabulary.hashes[1] in (good, hash_word("a"))
    first = vocabulary.first
    assert words_of(vocabulary, bodies("PHONE", "never seen", "", None)) == [
        [first], [UNKNOWN, UNKNOWN], [], [],
    ]  # fmt: skip
    assert PADDING not in vocabulary.ids(batch)[0]


def test_words_of_too_few_reviews_leave_no_trace() -> None:
    batch = bodies("kind regards, Zebedee Quux", *["kind regards"] * 5)
    vocabulary = counted(batch).vocabulary(100, 5, 50, stop_words=True)
    assert set(vocabulary.hashes.tolist()) == {hash_word("kind"), hash_word("regards")}


def test_a_long_review_is_read_at_its_beginning_and_its_end() -> None:
    text = " ".join(f"w{number}" for number in range(100))
    vocabulary = counted(bodies(text)).vocabulary(1000, 1, 7, stop_words=True)
    whole = counted(bodies(text)).vocabulary(1000, 1, 1000, stop_words=True)
    every = words_of(whole, bodies(text))[0]
    assert words_of(vocabulary, bodies(text, "w1 w2"))[0] == every[:3] + every[-4:]
    assert len(words_of(vocabulary, bodies(text, "w1 w2"))[1]) == 2


def test_words_that_say_little_are_left_out_but_none_that_turn_the_meaning() -> None:
    batch = bodies("it was not the best and no fun")
    vocabulary = counted(batch).vocabulary(100, 1, 50, stop_words=False)
    assert words_of(vocabulary, batch)[0] == words_of(vocabulary, bodies("not best no fun"))[0]
    for word in ("not", "no", "never"):
        assert words_of(vocabulary, bodies(word))[0]
    assert words_of(vocabulary, bodies("it was the"))[0] == []


def test_fields_begin_with_marks() -> None:
    batch = pa.record_batch({"review_headline": ["good", None], "review_body": ["good", "good"]})
    vocabulary = counted(batch).vocabulary(10, 1, 50, stop_words=True)
    good = vocabulary.first
    assert words_of(vocabulary, batch) == [[2, good, 3, good], [2, 3, good]]


def test_places_in_the_text_are_told() -> None:
    batch = bodies("Naïve, “crème” brûlée!", "x")
    vocabulary = counted(batch).vocabulary(10, 1, 50, stop_words=True)
    texts, read = vocabulary.spans(batch)
    told = [texts.data[a:b].tobytes().decode() for a, b in read.spans]
    assert told == ["Naïve", "crème", "brûlée", "!", "x"]
    assert [word.lower() for word in told if word != "!"] == tokenize("Naïve “crème” brûlée x")


def test_counting_is_the_same_however_the_rows_are_cut_and_the_table_grows() -> None:
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{word}" for word in random.zipf(1.3, 40) % 90_000) for _ in range(3_000)]
    whole = counted(bodies(*texts)).vocabulary(10**6, 1, 50, stop_words=True)
    pieces = WordCounts(["review_body"])
    for at in range(0, len(texts), 501):
        pieces.add(bodies(*texts[at : at + 501]))
    assert (pieces.vocabulary(10**6, 1, 50, stop_words=True).hashes == whole.hashes).all()
    assert len(whole.hashes) == len({word for text in texts for word in text.split()})


def test_a_table_that_may_not_grow_forgets_the_rarest_words() -> None:
    random = np.random.default_rng(0)
    rare = [f"common often w{random.integers(10**9)} " for _ in range(5_000)]
    counts = counted(bodies(*rare), most_places=1 << 10)
    kept = counts.vocabulary(2, 1, 50, stop_words=True)
    assert set(kept.hashes.tolist()) == {hash_word("common"), hash_word("often")}
    endless = " ".join(f"w{number}" for number in range(5_000))
    assert len(counted(bodies(endless), most_places=1 << 10).vocabulary(10**6, 1, 9, True)) > 9


def test_what_is_not_one_word_has_no_hash() -> None:
    assert hash_word("two words") is None
    assert hash_word("") is None
    assert hash_word("Don’t") == hash_word("don't")
