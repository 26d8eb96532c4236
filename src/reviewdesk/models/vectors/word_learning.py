"""Vectors of words from texts, and the files that hold them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import NotEnoughData
from reviewdesk.formats.fasttext_model import (
    LOSS_NUMBERS,
    MODEL_NUMBERS,
    FastTextModel,
    FastTextOptions,
)
from reviewdesk.models.vectors.mapping import MappedTexts, VectorVocabulary
from reviewdesk.models.vectors.reading import FEW_CUSTOMERS
from reviewdesk.models.vectors.supervised import (
    LANES,
    aligned,
    fill_random,
    label_paths,
    negative_table,
)
from reviewdesk.models.vectors.text_rows import RowIndex, TextLines
from reviewdesk.models.vectors.word_kernels import learn_words, sigmoid_table
from reviewdesk.models.vectors.words import WordIndex
from reviewdesk.settings import Settings, setting

WORD_POWER: Final = 0.75
WORD_TABLE: Final = 1 << 22
DEEPEST: Final = 512

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class WordVectorSettings(Settings):
    """How vectors of words are learnt."""

    mode: str = setting(
        "skipgram",
        "skipgram and batch_skipgram learn a word from each of those around it, with negatives "
        "that they share; cbow from all of them together",
        choices=("skipgram", "cbow", "batch_skipgram"),
    )
    loss: str = setting(
        "ns", "ns is negative sampling, hs hierarchical softmax", choices=("ns", "hs")
    )
    dim: int = setting(100, "numbers a vector", minimum=1, maximum=4096)
    lr: float = setting(0.05, "rate of learning at first", minimum=1e-6, maximum=10)
    epoch: int = setting(5, "how often each text is read", minimum=1, maximum=1000)
    window: int = setting(5, "words on either side that count as near", minimum=1, maximum=100)
    neg: int = setting(5, "drawn words for each true one, under ns", minimum=1, maximum=100)
    min_count: int = setting(5, "how often a word occurs at least", minimum=1)
    sampling: float = setting(
        1e-4,
        "words above this share of all words are left out at random; 0 leaves out none",
        minimum=0,
        maximum=1,
    )
    minn: int = setting(0, "the shortest n-gram, in characters", minimum=0, maximum=100)
    maxn: int = setting(0, "the longest n-gram, in characters; 0 for none", minimum=0, maximum=100)
    bucket: int = setting(
        2_000_000, "how many rows n-grams are hashed to", minimum=1, maximum=(1 << 30) - 1
    )
    clear_words: bool = setting(False, "write words of fewer than five customers too")
    threads: int = setting(
        1,
        "how many threads learn at once; with more than one, the result depends on chance",
        minimum=1,
        maximum=256,
    )
    seed: int = setting(0, "another seed draws otherwise", minimum=0, maximum=2**31 - 1)


@dataclass(frozen=True, eq=False)
class LearntWords:
    """Vectors of words.

    Args:
        vocabulary: the words.
        inputs: (words + rows of n-grams, dim).
        outputs: (words, dim).
        vectors: (words, dim), each the mean of its rows.
        settings: how they were learnt.
        centres: how many words were learnt from, over all epochs.
    """

    vocabulary: VectorVocabulary
    inputs: Floats
    outputs: Floats
    vectors: Floats
    settings: WordVectorSettings
    centres: int

    def to_fasttext(self) -> FastTextModel:
        """Return the model as fastText's ``.bin`` files hold it."""
        settings = self.settings
        model = "cbow" if settings.mode == "cbow" else "skipgram"
        options = FastTextOptions(
            dim=settings.dim,
            ws=settings.window,
            epoch=settings.epoch,
            min_count=settings.min_count,
            neg=settings.neg,
            loss=LOSS_NUMBERS[settings.loss],
            model=MODEL_NUMBERS[model],
            bucket=settings.bucket if settings.maxn else 0,
            minn=settings.minn,
            maxn=settings.maxn,
            t=settings.sampling,
        )
        words = self.vocabulary.spelling
        return FastTextModel(
            options=options,
            words=words,
            labels=[],
            counts=self.vocabulary.counts,
            tokens=int(self.vocabulary.counts.sum()),
            inputs=self.inputs,
            outputs=self.outputs,
        )


def learn_word_vectors(
    vocabulary: VectorVocabulary, texts: MappedTexts, settings: WordVectorSettings
) -> LearntWords:
    """Learn vectors of words.

    Args:
        vocabulary: the words, all spelt; vectors of those of few customers are not kept.
        texts: the texts as numbers of words.
        settings: how to learn.

    Raises:
        NotEnoughData: there are fewer than two words, or none that may be kept.
    """
    n = len(vocabulary.keys)
    if n < 2:
        raise NotEnoughData(
            f"vectors need two words that occur {settings.min_count} times; there are {n}"
        )
    rows, row_ends, ngram_rows = _word_rows(vocabulary, settings)
    width = -(-settings.dim // LANES) * LANES
    random = np.random.default_rng(settings.seed)
    inputs, outputs = aligned((n + ngram_rows) * width), aligned(n * width)
    table = inputs.reshape(-1, width)[:, : settings.dim]
    fill_random(table, random)
    table *= np.float32(0.5)
    centres = _epochs(vocabulary, texts, settings, (rows, row_ends, inputs, outputs, width), random)
    clear = np.arange(n)
    if not settings.clear_words and vocabulary.customers is not None:
        clear = np.flatnonzero(vocabulary.customers >= FEW_CUSTOMERS)
    if not len(clear):
        raise NotEnoughData(
            "no word was written by five customers; with --clear-words all words are written"
        )
    dense = np.ascontiguousarray(table)
    vectors = np.stack([dense[rows[row_ends[w] : row_ends[w + 1]]].mean(axis=0) for w in clear])
    kept = VectorVocabulary(
        vocabulary.keys[clear],
        vocabulary.counts[clear],
        [vocabulary.spelling[word] for word in clear.tolist()],
        vocabulary.buckets,
        vocabulary.shape,
    )
    out = np.ascontiguousarray(outputs.reshape(-1, width)[:, : settings.dim])
    own = np.concatenate([dense[clear], dense[n:]])
    return LearntWords(kept, own, out[clear], vectors.astype(np.float32), settings, centres)


def _word_rows(
    vocabulary: VectorVocabulary, settings: WordVectorSettings
) -> tuple[NDArray[np.int32], NDArray[np.int64], int]:
    """Return the rows of each word, where they begin and end, and how many n-grams have one."""
    n = len(vocabulary.keys)
    if not settings.maxn:
        return np.arange(n, dtype=np.int32), np.arange(n + 1, dtype=np.int64), 0
    index = RowIndex(
        WordIndex.of_keys(vocabulary.keys),
        n,
        settings.bucket,
        settings.minn,
        settings.maxn,
        line_ends=False,
    )
    found = index.rows(TextLines.of(vocabulary.spelling))
    return found.rows, found.ends, settings.bucket


def _epochs(
    vocabulary: VectorVocabulary,
    texts: MappedTexts,
    settings: WordVectorSettings,
    parameters: tuple[NDArray[np.int32], NDArray[np.int64], Floats, Floats, int],
    random: np.random.Generator,
) -> int:
    rows, row_ends, inputs, outputs, width = parameters
    counts = vocabulary.counts
    table = negative_table(counts, WORD_POWER, random, WORD_TABLE)
    if settings.loss == "hs":
        paths, turns, path_ends = label_paths(counts)
    else:
        paths, turns = np.zeros(1, np.int32), np.zeros(1, np.float32)
        path_ends = np.zeros(1, np.int64)
    keep = kept_share(counts, settings.sampling)
    longest = int(np.diff(texts.ends).max(initial=0))
    threads = max(1, min(settings.threads, len(texts.sizes)))
    most = 2 * settings.window
    room = 2 * most * width + most * DEEPEST
    sigmoid, centres = sigmoid_table(), 0
    for epoch in range(settings.epoch):
        order = random.permutation(len(texts.sizes)).astype(np.int64)
        seeds = random.integers(1, 1 << 62, threads).astype(np.uint64)
        ends = np.array([1 - epoch / settings.epoch, 1 - (epoch + 1) / settings.epoch])
        rates = (np.maximum(ends, 1e-4) * settings.lr).astype(np.float32)

        def learn(part: NDArray[np.int64], seed: np.uint64, rates: Floats = rates) -> int:
            return learn_words(
                part,
                texts.rows,
                texts.ends,
                rows,
                row_ends,
                keep,
                inputs,
                outputs,
                np.uint64(width),
                settings.mode == "cbow",
                settings.window,
                settings.neg if settings.loss == "ns" else 0,
                table,
                paths,
                turns,
                path_ends,
                sigmoid,
                rates,
                seed,
                np.empty(longest, np.int32),
                aligned(room),
            )

        with ThreadPoolExecutor(threads) as pool:
            centres += sum(pool.map(learn, np.array_split(order, threads), seeds))
    return centres


def kept_share(counts: NDArray[np.int64], sampling: float) -> Floats:
    """Return the share of each word's places that count: fewer of frequent words, as word2vec."""
    if not sampling:
        return np.full(len(counts), 2, np.float32)
    ratio = sampling / (counts / counts.sum())
    share: Floats = (np.sqrt(ratio) + ratio).astype(np.float32)
    return share
