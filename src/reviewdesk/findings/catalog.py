"""The finders by name."""

from typing import Final

from reviewdesk.registry import Registry

FINDERS: Final = Registry(
    "finder",
    "reviewdesk.finders",
    {
        "declining": "reviewdesk.findings.declining.finder:DecliningFinder",
        "improving": "reviewdesk.findings.declining.finder:ImprovingFinder",
        "language-shift": "reviewdesk.findings.language.finder:LanguageShiftFinder",
        "miscategorised": "reviewdesk.findings.miscategorised.finder:MiscategorisedFinder",
        "misfiled": "reviewdesk.findings.misfiled.finder:MisfiledFinder",
        "misplaced": "reviewdesk.findings.misplaced.finder:MisplacedFinder",
        "similar": "reviewdesk.findings.similar.finder:SimilarFinder",
    },
)
