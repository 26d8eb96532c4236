"""`reviewdesk vectors`: vectors of words, and fastText's and BlazingText's files."""

import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, print_json, print_table, say, visible
from reviewdesk.errors import UsageError
from reviewdesk.formats.archive import write_archive
from reviewdesk.formats.fasttext import LABELS_FILE, label_map
from reviewdesk.formats.fasttext_model import read_fasttext, write_fasttext
from reviewdesk.job.places import bundle_of, reviews_of
from reviewdesk.models.vectors.classifier import FastText
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.neighbours import (
    Neighbour,
    Neighbourhood,
    read_analogies,
    read_pairs,
)
from reviewdesk.models.vectors.quantising import Quantising
from reviewdesk.models.vectors.quantising import quantise as quantise_model
from reviewdesk.models.vectors.retraining import Retraining
from reviewdesk.models.vectors.word_learning import WordVectorSettings
from reviewdesk.progress import Progress
from reviewdesk.settings import TextSettings
from reviewdesk.storage import storage_errors, write_json
from reviewdesk.training.word_vectors import (
    open_word_vectors,
    product_vectors,
    train_word_vectors,
)

ARCHIVE: Final = ".tar.gz"
BLAZINGTEXT_MODEL: Final = "model.bin"

Data = Annotated[Path, typer.Argument(help="Prepared folder.", metavar="DIR")]
Vectors = Annotated[
    Path, typer.Argument(help="Vectors of words: .vec, .txt, .w2v, .bin or .ftz.", metavar="VEC")
]
Count = Annotated[int, typer.Option("--count", "-k", help="How many words.", min=1)]


@with_settings(own=("languages",), settings=WordVectorSettings, text=TextSettings)
def train(
    data: Data,
    out: Annotated[
        Path,
        typer.Option(help=".vec for text, .bin for fastText's, .w2v for word2vec's binary form."),
    ],
    *,
    as_json: Json = False,
    settings: WordVectorSettings,
    text: TextSettings,
) -> None:
    """Vectors of the words of prepared reviews.

    With one thread the same reviews, settings and seed give the same bytes. Words of fewer than
    five customers are left out of the file, unless --clear-words asks for them.

    Example:

        reviewdesk vectors train prepared --out words.vec
    """
    learnt = train_word_vectors(reviews_of(data), out, settings, text, Progress())
    words = len(learnt.vocabulary.spelling)
    if as_json:
        print_json({"vectors": str(out), "words": words, "centres": learnt.centres})
        return
    say(f"{count(words, 'word')} with {settings.dim} numbers each are in {out}")


def nn(
    vectors: Vectors,
    word: Annotated[str, typer.Argument(help="The word.")],
    *,
    number: Count = 10,
    as_json: Json = False,
) -> None:
    """The words nearest to a word.

    Example:

        reviewdesk vectors nn words.vec battery
    """
    _show(Neighbourhood(open_word_vectors(vectors)).near(word, number), as_json)


def analogies(
    vectors: Vectors,
    one: Annotated[str, typer.Argument(help="As in: king.")],
    two: Annotated[str, typer.Argument(help="As in: man.")],
    three: Annotated[str, typer.Argument(help="As in: woman.")],
    *,
    number: Count = 10,
    as_json: Json = False,
) -> None:
    """What is to a third word as the first is to the second.

    Read as first - second + third.

    Example:

        reviewdesk vectors analogies words.vec blender kitchen garage
    """
    _show(Neighbourhood(open_word_vectors(vectors)).analogies(one, two, three, number), as_json)


def _show(neighbours: list[Neighbour], as_json: bool) -> None:
    if as_json:
        print_json([{"word": word, "cosine": cosine} for word, cosine in neighbours])
        return
    print_table(["word", "cosine"], [(word, f"{cosine:.3f}") for word, cosine in neighbours])


def evaluate(
    vectors: Vectors,
    *,
    pairs: Annotated[
        Path | None, typer.Option(help="Two words and a score a line, as WS-353.", metavar="FILE")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(help="Four words a line, as questions-words.txt.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """How vectors agree with what people say of words.

    Pairs give Spearman's correlation, which BlazingText calls mean_rho; analogies the share that is
    completed correctly. Words without a vector are counted and skipped.

    Example:

        reviewdesk vectors eval words.vec --pairs pairs.csv
    """
    if pairs is None and questions is None:
        raise UsageError("give --pairs, --questions or both: files of what people say of words")
    near = Neighbourhood(open_word_vectors(vectors))
    results = {}
    if pairs is not None:
        results["pairs"] = near.evaluate_pairs(read_pairs(pairs)).to_json()
    if questions is not None:
        results["analogies"] = near.evaluate_analogies(read_analogies(questions)).to_json()
    if as_json:
        print_json(results)
        return
    for name, figures in results.items():
        say(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))


@with_settings(own=("languages",), text=TextSettings)
def products(
    data: Data,
    vectors: Annotated[Path, typer.Option(help="Vectors of words.", metavar="VEC")],
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="FILE.parquet")],
    *,
    text: TextSettings,
) -> None:
    """Vectors of products, for find similar: the mean over their reviews.

    A review's vector is the mean of its words', in which frequent words count little.

    Example:

        reviewdesk vectors products prepared --vectors words.vec --out products.parquet
    """
    found, without = product_vectors(
        reviews_of(data), open_word_vectors(vectors), out, text, Progress()
    )
    say(f"{count(found, 'product')} have a vector in {out}, {without:,} have none")


def export(
    bundle: Annotated[Path, typer.Argument(help="Bundle of the model fasttext.", metavar="BUNDLE")],
    out: Annotated[
        Path, typer.Option(help="FILE.bin, or FILE.tar.gz as BlazingText's model.tar.gz.")
    ],
) -> None:
    """A fasttext bundle as a file for fastText or BlazingText.

    The file wants what it reads as the bundle does: words in lower case with blanks between them,
    the headline before the body. In an archive, labels.json says which label each word stands for,
    since a label of fastText's is one word. Words of fewer than five customers are left out, unless
    the bundle was trained with clear_words.

    Example:

        reviewdesk vectors export bundle --out model.bin
    """
    classifier = bundle_of(bundle).classifier
    if not isinstance(classifier, FastText):
        raise UsageError(f"{bundle} is no bundle of the model fasttext")
    model = classifier.to_fasttext()
    if not out.name.endswith(ARCHIVE):
        write_fasttext(out, model)
    else:
        with storage_errors(str(out)), tempfile.TemporaryDirectory(prefix="reviewdesk-") as folder:
            write_fasttext(Path(folder) / BLAZINGTEXT_MODEL, model)
            write_json(Path(folder) / LABELS_FILE, label_map(classifier.labels_))
            write_archive(Path(folder), out)
    say(f"{count(len(model.words), 'word')} and {count(len(model.labels), 'label')} are in {out}")


def quantize(
    model: Annotated[Path, typer.Argument(help="Supervised .bin file.", metavar="MODEL")],
    out: Annotated[Path, typer.Option(help="File to write.", metavar="FILE.ftz")],
    *,
    cutoff: Annotated[int, typer.Option(help="Rows to keep; 0 keeps all.", min=0)] = 0,
    dsub: Annotated[int, typer.Option(help="Columns a code.", min=1)] = 2,
    qnorm: Annotated[bool, typer.Option(help="Codes of their own for lengths.")] = False,
    qout: Annotated[bool, typer.Option(help="Codes for the labels' vectors too.")] = False,
    retrain: Annotated[
        Path | None,
        typer.Option(
            help="Training lines, __label__NAME and words: rows that are kept learn on with them.",
            metavar="FILE",
        ),
    ] = None,
    epoch: Annotated[int, typer.Option(help="How often --retrain reads them.", min=1)] = 5,
    lr: Annotated[float, typer.Option(help="Its rate of learning at first.", min=1e-6)] = 0.1,
) -> None:
    """A supervised .bin as a small .ftz.

    Example:

        reviewdesk vectors quantize model.bin --out model.ftz --cutoff 10000 --qnorm
    """
    retraining = None
    if retrain is not None:
        with storage_errors(str(retrain)):
            retraining = Retraining(retrain.read_bytes(), epoch, lr)
    how = Quantising(cutoff, dsub, qnorm, qout, retraining=retraining)
    small = quantise_model(read_fasttext(model), how)
    write_fasttext(out, small)
    before, after = model.stat().st_size, out.stat().st_size
    say(f"{out} has {after:,} bytes, {after / before:.1%} of {model}")


def predict(
    model: Annotated[
        Path, typer.Argument(help=".bin or .ftz file, or model.tar.gz.", metavar="MODEL")
    ],
    lines: Annotated[Path, typer.Argument(help="Tokenised texts, one a line.", metavar="FILE")],
    *,
    labels: Annotated[int, typer.Option("--count", "-k", help="Most labels a line.", min=1)] = 1,
    threshold: Annotated[float, typer.Option(help="Smallest probability to print.")] = 0.0,
) -> None:
    """Labels of tokenised lines by any .bin or .ftz, as predict-prob of fastText.

    BlazingText's model.tar.gz can be given too.

    A line without a label that is probable enough gives an empty line.

    Example:

        reviewdesk vectors predict model.bin lines.txt -k 2
    """
    with storage_errors(str(lines)):
        texts = lines.read_bytes().decode(errors="replace").split("\n")
    if texts and not texts[-1]:
        texts.pop()
    for guesses in FastTextUser.open(model).guesses(texts, labels, threshold):
        say(" ".join(f"{visible(label)} {probability:g}" for label, probability in guesses))
