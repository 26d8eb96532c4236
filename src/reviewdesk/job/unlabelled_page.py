"""The page of an evaluation in which nothing could be measured, or what a person judged."""

from pathlib import Path

from reviewdesk.job.unlabelled import Unlabelled
from reviewdesk.models.without_labels import encoder_name
from reviewdesk.report.blocks import (
    Column,
    Figure,
    definitions,
    figures,
    findings,
    paragraph,
    table,
)
from reviewdesk.report.html import Html
from reviewdesk.report.numbers import count, share
from reviewdesk.report.page import Page
from reviewdesk.stats.shares import share_interval
from reviewdesk.text.opinions.word_list import LANGUAGES
from reviewdesk.training.described import DescribedBasis
from reviewdesk.training.unlabelled import Basis


def large_figures(unlabelled: Unlabelled) -> Html:
    """Return the few numbers that matter most."""
    total = sum(unlabelled.said.values())
    judged = unlabelled.judged
    right = Figure("Right", "not measured", "nobody has judged these labels yet")
    if judged is not None:
        interval = f"95 % interval {judged.accuracy.spread(share)}"
        right = Figure("Right", share(judged.accuracy.value), interval)
    return figures(
        [
            right,
            Figure("Judged by a person", count(judged.rows if judged else 0), "drawn at random"),
            *(Figure(f"Called {name}", share(n / total)) for name, n in unlabelled.said.items()),
        ]
    )


def write_unlabelled_page(unlabelled: Unlabelled, path: Path) -> None:
    """Write on what labels rest that nobody had given, and what a person said of them.

    Raises:
        StorageError: it cannot be written.
    """
    lead = (
        "From lists of words that praise and blame; no review had stars or a label."
        if isinstance(unlabelled.basis, Basis)
        else "From descriptions of classes; nobody had labelled a review."
    )
    page = Page(unlabelled.title, lead, "Evaluation")
    page.section("What was found", findings(unlabelled.sentences()), large_figures(unlabelled))
    page.section("How right it is", *_right(unlabelled))
    page.section("On what it rests", *_basis(unlabelled))
    page.write(path)


def _right(found: Unlabelled) -> list[Html]:
    judged = found.judged
    if judged is None:
        return [paragraph("This has not been measured. ", found.ask)]
    columns = [Column("Called", numeric=False), Column("Judged"), Column("Rightly")]
    columns.append(Column("95 % interval"))
    rows = []
    for name, (given, right) in judged.said.items():
        low, high = share_interval(right, given)
        interval = f"{share(low)} to {share(high)}" if given else ""
        rows.append([name, count(given), share(right / given) if given else "", interval])
    return [table("Labels that a person judged, of reviews drawn at random", columns, rows)]


def _basis(unlabelled: Unlabelled) -> list[Html]:
    basis = unlabelled.basis
    learnt = ", ".join(f"{n:,} {name}" for name, n in basis.learnt.items())
    last = [("Data", f"fingerprint {unlabelled.data}")]
    if isinstance(basis, DescribedBasis):
        columns = [Column("Class", numeric=False), Column("Described as", numeric=False)]
        columns += [Column("Nearest to it"), Column("Learnt from")]
        rows = [
            [name, words, count(basis.called[name]), count(basis.learnt[name])]
            for name, words in basis.classes.items()
        ]
        return [
            table("Classes, and of the reviews that the encoder read", columns, rows),
            definitions(
                [
                    ("Reviews", count(basis.reviews)),
                    ("Read by the encoder", count(basis.read)),
                    ("Encoder", encoder_name(basis.encoder)),
                    ("Classifier", f"{basis.family}, bundle {unlabelled.bundle}"),
                    *last,
                ]
            ),
            paragraph(
                "Its probabilities say how alike descriptions and reviews are, and not how often "
                "it is right."
            ),
        ]
    languages = ", ".join(f"{LANGUAGES[code]} {n:,}" for code, n in basis.languages.items())
    return [
        definitions(
            [
                ("Reviews", count(basis.reviews)),
                ("Read by the lists", f"{count(basis.read)}: {languages}"),
                ("With a word of a list", share(basis.known / basis.read)),
                ("Positive by the lists", share(basis.praising / max(basis.known, 1))),
                ("Learnt from", f"{learnt}, those that the lists are surest about"),
                ("Words learnt as texts", count(basis.words)),
                ("Classifier", f"linear, bundle {unlabelled.bundle}"),
                *last,
            ]
        ),
        paragraph("Its probabilities say how sure the lists are, and not how often it is right."),
    ]
