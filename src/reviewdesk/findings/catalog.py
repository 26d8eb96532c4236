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
        "product-category": "reviewdesk.findings.product_category.finder:ProductCategoryFinder",
        "review-category": "reviewdesk.findings.review_category.finder:ReviewCategoryFinder",
        "review-product": "reviewdesk.findings.review_product.finder:ReviewProductFinder",
        "similar": "reviewdesk.findings.similar.finder:SimilarFinder",
    },
)
