"""What `reviewdesk find` prints, and the questions that it writes."""

from pathlib import Path
from typing import Final

import pyarrow.compute as pc

from reviewdesk.cli.output import count, note, print_json, print_table, program, say
from reviewdesk.findings.base import Findings
from reviewdesk.findings.questions import TABLE, questions, write_questions
from reviewdesk.findings.sentences import left_out, promises
from reviewdesk.findings.store import PAGE
from reviewdesk.findings.texts import review_texts
from reviewdesk.job.find_result import FindResult, Outcome
from reviewdesk.progress import Progress

RANKED: Final = ("what", "title", "where", "score", "words", "numbers", "samples")


def print_result(result: FindResult, as_json: bool) -> None:
    """Say of each finder what is promised and why not."""
    if as_json:
        print_json(result.to_json())
        return
    for one in result.outcomes:
        _print(one, result.data.rows)
    for sentence in result.unread:
        note(sentence)
    say(f"Everything on one page: {result.page}")
    stored = [one.stored for one in result.outcomes if one.stored is not None]
    listed = next((one for one in stored if one.findings.table.num_rows), None)
    if listed is not None:
        say(f"As a table: {program()} find export {listed.path} --out {listed.path.name}.csv")


def print_ranking(found: Findings, as_json: bool) -> None:
    """Say which products are like one."""
    rows = found.table.to_pylist()
    if as_json:
        print_json([{name: row[name] for name in RANKED} for row in rows])
        return
    if not rows:
        say("No other product is like it: too little is said of it, or nothing that others say.")
        return
    lines = [
        [
            row["title"] or row["what"],
            row["what"],
            f"{row['score']:.2f}",
            ", ".join(one["word"] for one in row["words"] or ()),
        ]
        for row in rows
    ]
    print_table(("product", "product_id", "similarity", "what is said of both"), lines)


def ask(result: FindResult, path: Path) -> None:
    """Write what the first finder that asks wants to know.

    Raises:
        StorageError: the file cannot be written.
    """
    found = [one.stored.findings for one in result.outcomes if one.stored is not None]
    asking = next((one for one in found if TABLE in one.tables), None)
    if asking is None or not asking.tables[TABLE].num_rows:
        note(f"there is nothing to ask, so {path} was not written")
        return
    asked = questions(asking)
    ids = asked.column("review_id").to_pylist()
    write_questions(path, asked, review_texts(result.data, ids, Progress()))
    note(
        f"{count(len(ids), 'question')} in {path}: fill in the column answer with right (it "
        "stands where it belongs) or wrong, and give the same command again"
    )


def _print(outcome: Outcome, reviews: int) -> None:
    if outcome.stored is None:
        say(f"{outcome.finder}: not looked for; {outcome.why_not}.\n")
        return
    findings = outcome.stored.findings
    again = " (found before)" if outcome.already else ""
    say(f"{outcome.stored.info.title}{again}: {count(findings.table.num_rows, 'finding')}")
    new = pc.sum(findings.table["new"]).as_py()
    if new is not None and not outcome.already:
        say(f"- {count(new, 'finding')} of these {'is' if new == 1 else 'are'} new since last time")
    for sentence in (*promises(findings), *findings.notes, *left_out(findings, reviews)):
        say(f"- {sentence}")
    say(f"- The page: {outcome.stored.path / PAGE}\n")
