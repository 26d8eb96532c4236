"""Questions that people ask of a graph, by name: a sentence, parameters, and the SQL that answers.

To add one, write its query over the tables of ``graph.schema``. Its last ORDER BY leaves no ties.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from reviewdesk.errors import UsageError
from reviewdesk.graph.sql_of_tables import ASSIGNED_ONCE


@dataclass(frozen=True)
class Parameter:
    """What a question takes.

    Args:
        meaning: what it is.
        default: its value when the user says nothing; None: it has to be given.
        most: the largest number that it can be; the smallest is 0.
    """

    meaning: str
    default: str | int | float | None = None
    most: int = 2**31 - 1

    def value(self, name: str, text: str) -> str | int | float:
        """Return what the user gave as a text or a number.

        Raises:
            UsageError: it is no number where one is needed, or none that it can be.
        """
        if self.default is None or isinstance(self.default, str):
            return text
        whole = isinstance(self.default, int)
        try:
            number = int(text) if whole else float(text)
        except ValueError as error:
            raise UsageError(f"{name} must be a number, not {text!r}") from error
        if not 0 <= number <= self.most:
            kind = "whole number" if whole else "number"
            raise UsageError(f"{name} must be a {kind} from 0 to {self.most:,}, not {text}")
        return number


@dataclass(frozen=True)
class NamedQuestion:
    """A question with a name.

    Args:
        name: how the user calls it.
        sentence: what it asks.
        sql: the query; ``$name`` stands for a parameter.
        parameters: what it takes, by name.
        caution: what the reader must know of such a list.
    """

    name: str
    sentence: str
    sql: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    caution: str = ""

    def values(self, given: Mapping[str, str]) -> dict[str, str | int | float]:
        """Return all parameters' values.

        Raises:
            UsageError: one is unknown, missing, or not a number where a number is needed.
        """
        known = ", ".join(self.parameters) or "none"
        for name in given:
            if name not in self.parameters:
                raise UsageError(
                    f"the question {self.name} has no parameter {name!r}; it has: {known}"
                )
        values: dict[str, str | int | float] = {}
        for name, parameter in self.parameters.items():
            text, default = given.get(name), parameter.default
            if text is None and default is None:
                raise UsageError(
                    f"the question {self.name} needs {name} ({parameter.meaning}), as in {name}=..."
                )
            values[name] = default if text is None else parameter.value(name, text)  # type: ignore[assignment]
        return values


PATH: Final = "path"
# Summed as whole numbers, so that the order of the rows leaves no trace in the last digit.
_MEAN_CONFIDENCE: Final = "round(sum(round(confidence * 1e9)::BIGINT) / (count(*) * 1e9), 4)"
LIMIT: Final = Parameter("most rows to show", 20)

# A product, or a parent with its variants, which have the reviews.
_CENTRE: Final = """
centre AS (
    SELECT id FROM products WHERE product_id = $product
    UNION SELECT v.source FROM variant_of v JOIN products p ON p.id = v.target
    WHERE p.product_id = $product
)"""

_CAUTION: Final = (
    "A prediction that differs is no error: where few reviews stand wrong, most of such a list is "
    "right as it stands. The list that keeps a promise is wrong-category."
)

_QUESTIONS: Final = (
    NamedQuestion(
        "category",
        "Which products does a category have, with whom do they share customers?",
        f"""
WITH {ASSIGNED_ONCE}, members AS (
    SELECT p.id AS product
    FROM assigned_once a JOIN categories c ON c.id = a.category JOIN products p ON p.id = a.product
    WHERE c.name = $category ORDER BY p.reviews DESC, p.id LIMIT $limit
), shared AS (
    SELECT b.target AS product, o.target AS other, count(*) AS customers
    FROM members m JOIN bought b ON b.target = m.product
        JOIN bought o ON o.source = b.source AND o.target <> b.target
    GROUP BY b.target, o.target
), nearest AS (
    SELECT product, other, customers FROM shared
    QUALIFY row_number() OVER (PARTITION BY product ORDER BY customers DESC, other) = 1
)
SELECT p.product_id, p.title, p.reviews, round(p.mean_stars, 2) AS mean_stars,
    o.product_id AS neighbour, o.title AS neighbour_title, n.customers AS shared_customers
FROM members m JOIN products p ON p.id = m.product
    LEFT JOIN nearest n ON n.product = p.id LEFT JOIN products o ON o.id = n.other
ORDER BY p.reviews DESC, p.product_id""",
        {"category": Parameter("name of the category"), "limit": LIMIT},
    ),
    NamedQuestion(
        "differs",
        "Which reviews are predicted to belong to another category than their product stands in?",
        """
WITH surest AS (
    SELECT * FROM comparisons WHERE assigned <> predicted AND confidence >= $confidence
    ORDER BY confidence DESC, review, product LIMIT $limit
)
SELECT r.review_id, p.product_id, p.title, a.name AS assigned, c.name AS predicted,
    round(j.confidence, 4) AS confidence
FROM surest j JOIN reviews r ON r.id = j.review JOIN products p ON p.id = j.product
    JOIN categories a ON a.id = j.assigned JOIN categories c ON c.id = j.predicted
ORDER BY j.confidence DESC, r.review_id, p.product_id""",
        {"confidence": Parameter("least confidence, 0 to 1", 0.0, 1), "limit": LIMIT},
        _CAUTION,
    ),
    NamedQuestion(
        "differs-products",
        "Which products do most of their reviews' predictions put into another category?",
        f"""
WITH votes AS (
    SELECT product, assigned, predicted, count(*) AS reviews,
        {_MEAN_CONFIDENCE} AS confidence
    FROM comparisons GROUP BY product, assigned, predicted
), totals AS (
    SELECT product, sum(reviews) AS total FROM votes GROUP BY product
), winners AS (
    SELECT * FROM votes
    QUALIFY row_number() OVER (PARTITION BY product ORDER BY reviews DESC, predicted) = 1
)
SELECT p.product_id, p.title, a.name AS assigned, c.name AS predicted,
    w.reviews AS reviews_predicted_there, t.total::BIGINT AS reviews_predicted,
    w.confidence
FROM winners w JOIN totals t ON t.product = w.product JOIN products p ON p.id = w.product
    JOIN categories a ON a.id = w.assigned JOIN categories c ON c.id = w.predicted
WHERE w.assigned <> w.predicted AND t.total >= $reviews
ORDER BY w.reviews::DOUBLE / t.total DESC, w.reviews DESC, p.product_id LIMIT $limit""",
        {"reviews": Parameter("fewest predicted reviews of a product", 2), "limit": LIMIT},
        _CAUTION,
    ),
    NamedQuestion(
        "wrong-category",
        "What did the finders list as standing in the wrong category, and what do they promise?",
        """
SELECT f.finder, f.kind, f.what, p.title, f."where" AS stands_in, f.suggested,
    round(f.score, 4) AS score, f.promise
FROM findings f LEFT JOIN products p ON p.product_id = f.what
WHERE f.kind IN ('product', 'review') AND f.suggested IN (SELECT name FROM categories)
ORDER BY f.promise DESC, f.score DESC, f.finder, f.what LIMIT $limit""",
        {"limit": LIMIT},
    ),
    NamedQuestion(
        "confusion",
        "How many reviews of each category are predicted to belong to which?",
        f"""
SELECT a.name AS assigned, c.name AS predicted, count(*) AS reviews,
    {_MEAN_CONFIDENCE} AS mean_confidence
FROM comparisons j JOIN categories a ON a.id = j.assigned JOIN categories c ON c.id = j.predicted
WHERE j.confidence >= $confidence
GROUP BY a.name, c.name ORDER BY reviews DESC, assigned, predicted LIMIT $limit""",
        {
            "confidence": Parameter("least confidence, 0 to 1", 0.0, 1),
            "limit": Parameter("most rows to show", 200),
        },
    ),
    NamedQuestion(
        "shared-customers",
        "Which pairs of products, other than variants of one, share most customers?",
        """
WITH shoppers AS (
    SELECT source FROM bought GROUP BY source HAVING count(*) BETWEEN 2 AND $most
), shared AS (
    SELECT a.target AS product, b.target AS other, count(*) AS customers
    FROM shoppers s JOIN bought a ON a.source = s.source
        JOIN bought b ON b.source = s.source AND b.target > a.target
    GROUP BY a.target, b.target HAVING count(*) >= $customers
)
SELECT p.product_id, p.title, o.product_id AS other, o.title AS other_title,
    s.customers AS shared_customers
FROM shared s JOIN products p ON p.id = s.product JOIN products o ON o.id = s.other
WHERE p.parent IS NULL OR o.parent IS NULL OR p.parent <> o.parent
ORDER BY s.customers DESC, p.product_id, o.product_id LIMIT $limit""",
        {
            "customers": Parameter("fewest customers shared", 3),
            "most": Parameter("leave customers of more products out", 200),
            "limit": LIMIT,
        },
    ),
    NamedQuestion(
        PATH,
        "How are two products connected, through customers who bought both of two on the way?",
        """
-- $way holds the ids of the products on a shortest way, found breadth first over bought
SELECT stop, product_id, title, reviews
FROM (SELECT unnest($way) AS product, generate_subscripts($way, 1) AS stop)
    JOIN products ON products.id = product ORDER BY stop""",
        {
            "product": Parameter("product_id to start from"),
            "other": Parameter("product_id to reach"),
            "hops": Parameter("most steps from product to product", 4),
        },
    ),
    NamedQuestion(
        "wide-customers",
        "Which customers write about categories that others do not have in common?",
        f"""
WITH {ASSIGNED_ONCE}, visits AS MATERIALIZED (
    SELECT DISTINCT b.source AS customer, a.category
    FROM bought b JOIN assigned_once a ON a.product = b.target
), sizes AS (
    SELECT category, count(*) AS customers FROM visits GROUP BY category
), together AS (
    SELECT a.category, b.category AS other, count(*) AS customers FROM visits a
        JOIN visits b ON b.customer = a.customer AND b.category > a.category
    GROUP BY a.category, b.category
), lifts AS (
    SELECT t.category, t.other, t.customers,
        t.customers::DOUBLE * (SELECT count(*) FROM customers) / (a.customers * b.customers) AS lift
    FROM together t JOIN sizes a ON a.category = t.category JOIN sizes b ON b.category = t.other
), rarest AS (
    SELECT * FROM lifts QUALIFY coalesce(sum(customers) OVER (ORDER BY lift
        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP), 0) < $limit
)
SELECT c.customer_id, c.reviews, x.name AS category, y.name AS other_category,
    l.customers AS customers_of_both, round(l.lift, 4) AS times_chance
FROM rarest l JOIN visits a ON a.category = l.category
    JOIN visits b ON b.customer = a.customer AND b.category = l.other
    JOIN customers c ON c.id = a.customer JOIN categories x ON x.id = l.category
    JOIN categories y ON y.id = l.other
ORDER BY l.lift, c.reviews DESC, c.customer_id, x.name, y.name LIMIT $limit""",
        {"limit": LIMIT},
    ),
    NamedQuestion(
        "around-product",
        "What surrounds a product: its customers' other products, and those that are like it?",
        f"""
WITH {_CENTRE}, together AS (
    SELECT b.target AS product, count(DISTINCT b.source) AS customers, NULL::DOUBLE AS score
    FROM bought a JOIN bought b ON b.source = a.source
    WHERE a.target IN (SELECT id FROM centre) AND b.target NOT IN (SELECT id FROM centre)
    GROUP BY b.target
), alike AS (
    SELECT target AS product, NULL::BIGINT AS customers, score FROM similar_to
    WHERE source IN (SELECT id FROM centre)
), around AS (
    SELECT product, max(customers) AS customers, max(score) AS score
    FROM (SELECT * FROM together UNION ALL SELECT * FROM alike) GROUP BY product
)
SELECT p.product_id, p.title, p.reviews, coalesce(r.customers, 0) AS shared_customers,
    round(r.score, 4) AS similarity
FROM around r JOIN products p ON p.id = r.product
ORDER BY shared_customers DESC, r.score DESC NULLS LAST, p.product_id LIMIT $limit""",
        {"product": Parameter("product_id"), "limit": LIMIT},
    ),
    NamedQuestion(
        "around-customer",
        "What did a customer write, and about what?",
        """
SELECT r.review_id, r.stars, r.date, p.product_id, p.title, c.name AS predicted,
    round(d.confidence, 4) AS confidence
FROM customers u JOIN wrote w ON w.source = u.id JOIN reviews r ON r.id = w.target
    LEFT JOIN reviewed v ON v.source = r.id LEFT JOIN products p ON p.id = v.target
    LEFT JOIN predicted d ON d.source = r.id LEFT JOIN categories c ON c.id = d.target
WHERE u.customer_id = $customer
ORDER BY r.date, r.review_id, d.model, c.name, p.product_id LIMIT $limit""",
        {"customer": Parameter("customer, as the graph names them"), "limit": LIMIT},
    ),
    NamedQuestion(
        "reviews",
        "Which reviews does a product have?",
        f"""
WITH {_CENTRE}
SELECT r.review_id, r.stars, r.date, r.verified, c.name AS predicted,
    round(d.confidence, 4) AS confidence, r.headline
FROM centre p JOIN reviewed v ON v.target = p.id JOIN reviews r ON r.id = v.source
    LEFT JOIN predicted d ON d.source = r.id LEFT JOIN categories c ON c.id = d.target
ORDER BY r.date, r.review_id, d.model, c.name LIMIT $limit""",
        {"product": Parameter("product_id"), "limit": LIMIT},
    ),
)

QUESTIONS: Final[Mapping[str, NamedQuestion]] = {question.name: question for question in _QUESTIONS}


def question(name: str) -> NamedQuestion:
    """Return a question by its name.

    Raises:
        UsageError: there is none.
    """
    if name not in QUESTIONS:
        raise UsageError(f"there is no question {name!r}; there are: {', '.join(QUESTIONS)}")
    return QUESTIONS[name]
