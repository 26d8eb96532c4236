"""The page of what lists promise and deliver, and the files that follow from it."""

import io
import math

from starlette.responses import Response

from reviewdesk.desk.decision_files import write_answers
from reviewdesk.desk.export import MEDIA
from reviewdesk.desk.findings_list import download
from reviewdesk.desk.sampling import ListDelivered
from reviewdesk.desk.shell import page
from reviewdesk.desk.visit import Visit
from reviewdesk.report.blocks import Column, definitions, table
from reviewdesk.report.html import Child, element
from reviewdesk.report.numbers import count, share


def show(visit: Visit) -> Response:
    """Show for each list what it promises and what it delivers."""
    say, sampling = visit.desk.texts, visit.desk.sampling
    lists = [one for one in sampling.delivered() if one.listed]
    lead = say("delivered.lead", rate=share(sampling.rate, 0))
    if not lists:
        empty = element("p", say("delivered.none"), class_="empty")
        return page(visit, "delivered", say("delivered.title"), empty, lead=lead)
    columns = [Column(say(f"delivered.{name}"), numeric=name not in ("list", "said")) for name in
               ("list", "listed", "counted", "precision", "interval", "anew", "said")]  # fmt: skip
    rows = [_row(visit, one) for one in lists]
    notes = definitions(
        [(say(f"delivered.{name}"), say(f"delivered.{name}_means")) for name in
         ("counted", "precision", "interval", "anew")]
    )  # fmt: skip
    files = element("a", say("delivered.answers"), href=visit.to("/delivered/answers"))
    return page(
        visit,
        "delivered",
        say("delivered.title"),
        table(say("delivered.caption"), columns, rows),
        notes,
        element("p", files),
        lead=lead,
    )


def answers(visit: Visit) -> Response:
    """Return the verdicts on drawn findings as answers for ``find review-category --audit``."""
    sink, worklist = io.BytesIO(), visit.desk.worklist
    write_answers(worklist, visit.desk.sampling.answers("review-category"), sink)
    return download(sink.getvalue(), MEDIA["csv"], "answers.csv")


def _row(visit: Visit, delivered: ListDelivered) -> list[Child]:
    say = visit.desk.texts
    title = visit.desk.worklist.finder_info[delivered.finder].title
    known = not math.isnan(delivered.delivered.share)
    interval = f"{share(delivered.delivered.low, 0)} – {share(delivered.delivered.high, 0)}"
    if not known:
        verdict = say("delivered.unknown")
    elif delivered.delivered.high < delivered.promise:
        verdict = say("delivered.broken")
    elif delivered.delivered.low >= delivered.promise:
        verdict = say("delivered.kept")
    else:
        verdict = say("delivered.open")
    return [
        f"{title}, {say('promise', share=share(delivered.promise, 0))}",
        count(delivered.listed),
        count(delivered.counted),
        share(delivered.delivered.share, 0) if known else "–",
        interval if known else "–",
        "–" if delivered.anew is None else count(delivered.anew),
        verdict,
    ]
