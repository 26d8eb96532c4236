"""Decisions as files to save."""

import io

from starlette.responses import Response

from reviewdesk.desk.decision_files import export_decisions, write_corrections
from reviewdesk.desk.export import MEDIA
from reviewdesk.desk.findings_list import download
from reviewdesk.desk.visit import Visit


def decisions(visit: Visit) -> Response:
    """Return all decisions, or the corrections that follow from them, as a file."""
    kind, sink = visit.names["kind"], io.BytesIO()
    visit.desk.audit.note(visit.session.name, "export_decisions", kind=kind[:20])
    if kind == "corrections":
        write_corrections(visit.desk.decisions, sink)
        return download(sink.getvalue(), MEDIA["csv"], "corrections.csv")
    export_decisions(visit.desk.decisions, kind, sink)
    return download(sink.getvalue(), MEDIA[kind], f"decisions.{kind}")
