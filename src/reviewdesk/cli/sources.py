"""`reviewdesk sources`: what can be read."""

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import print_json, say
from reviewdesk.sources.catalog import SOURCES, source_class


def sources(*, as_json: Json = False) -> None:
    """The formats of review files that can be read.

    Formats are recognised by their content; --source-format NAME overrides that. Other packages can
    add formats of their own.

    Example:

        reviewdesk sources
    """
    source_classes = [source_class(name) for name in SOURCES.names()]
    if as_json:
        print_json(
            [
                {"name": one.name, "title": one.title, "description": one.description}
                for one in source_classes
            ]
        )
        return
    for one in source_classes:
        say(f"{one.name}: {one.title}")
        say(f"    {one.description}")
