"""Steps that tests run in a process of their own."""

from pathlib import Path

from reviewdesk.examples.export import Export, export
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import ExportSettings, SplitSettings, TargetSettings, TextSettings
from reviewdesk.text.hashing import hash64_text

hash64_text("")  # so that the compiled kernel is there before the first run


def export_folder(data: str, out: str, form: str) -> Export:
    """Export prepared data with many checkpoints."""
    return export(
        PreparedData.open(data),
        Path(out),
        target=TargetSettings(),
        text=TextSettings(),
        split=SplitSettings(),
        export=ExportSettings(format=form),
        checkpoint_rows=50,
    )
