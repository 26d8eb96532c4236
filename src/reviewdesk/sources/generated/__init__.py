"""Made-up reviews with known errors, for demonstrations, benchmarks and tests.

``language/`` holds the words and sentences, `grammar` reads them, `catalogue` makes the products,
`facts` says who reviews what and when, `plan` which sentences a review has, `writer` writes them,
`handwriting` adds what people do to text, `tsv` and `planted` write it all down.
"""

from reviewdesk.sources.generated.corpus import GeneratedCorpus, generate

__all__ = ["GeneratedCorpus", "generate"]
