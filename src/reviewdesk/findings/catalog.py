"""The finders by name."""

from typing import Final

from reviewdesk.registry import Registry

FINDERS: Final = Registry(
    "finder",
    "reviewdesk.finders",
    {
        "miscategorised": "reviewdesk.findings.miscategorised.finder:MiscategorisedFinder",
        "misfiled": "reviewdesk.findings.misfiled.finder:MisfiledFinder",
        "similar": "reviewdesk.findings.similar.finder:SimilarFinder",
    },
)
