"""The reviews of one request, whatever format they came in."""

from dataclasses import dataclass, field

import pyarrow as pa

from reviewdesk.errors import PayloadTooLarge, RequestError


@dataclass
class Instances:
    """The reviews of one request, in its order.

    Args:
        limit: the most reviews that one request may hold.
    """

    limit: int
    headlines: list[str | None] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)  # how many labels each answer has

    def add(self, headline: str | None, body: str, k: int = 1) -> None:
        """Take one more review.

        Args:
            headline: the review's title, where it has one.
            body: the review's text.
            k: how many labels the answer has.

        Raises:
            PayloadTooLarge: there are too many.
        """
        if len(self.bodies) == self.limit:
            raise PayloadTooLarge(
                f"a request may hold at most {self.limit} reviews; send them in several requests"
            )
        self.headlines.append(headline)
        self.bodies.append(body)
        self.wanted.append(k)

    def batch(self) -> pa.RecordBatch:
        """Return the columns review_headline and review_body as they came, not yet cleaned.

        Raises:
            RequestError: there are none, or a text is not valid Unicode.
        """
        if not self.bodies:
            raise RequestError("the request holds no review; send at least one")
        try:
            columns = [pa.array(self.headlines, pa.string()), pa.array(self.bodies, pa.string())]
        except UnicodeEncodeError as error:  # JSON can spell half of a surrogate pair
            raise RequestError(
                "a text is not valid Unicode: it holds half of a surrogate pair"
            ) from error
        return pa.RecordBatch.from_arrays(columns, ["review_headline", "review_body"])
