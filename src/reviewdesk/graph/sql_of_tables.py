"""Each table of a graph as one query over staged rows and over tables written before it.

Every result is ordered by columns without ties, and numbers come from counts, sums of whole
numbers, smallest and largest: so the same rows in another order give the same bytes. Whatever is
held for all rows at once can be spilled: there is no window over all of them, and distinct values
are counted by grouping twice.
"""

from collections.abc import Mapping
from typing import Final

_CUSTOMERS: Final = """
WITH purchases AS (
    SELECT customer_id, product_id, count(*) AS reviews, sum(star_rating) AS stars,
        count(star_rating) AS rated, min(review_date) AS first_date, max(review_date) AS last_date
    FROM rows WHERE customer_id IS NOT NULL GROUP BY customer_id, product_id
), silent AS (
    SELECT customer_id, sum(star_rating) AS stars, count(star_rating) AS rated
    FROM rated WHERE customer_id IS NOT NULL GROUP BY customer_id
), customers AS (
    SELECT customer_id, sum(reviews)::BIGINT AS reviews, count(product_id) AS products,
        sum(stars) AS stars, sum(rated) AS rated, min(first_date) AS first_date,
        max(last_date) AS last_date
    FROM purchases GROUP BY customer_id
)
SELECT c.customer_id, c.reviews, c.products,
    (coalesce(c.stars, 0) + coalesce(s.stars, 0))::DOUBLE
        / nullif(c.rated + coalesce(s.rated, 0), 0) AS mean_stars,
    c.first_date, c.last_date
FROM customers c LEFT JOIN silent s ON s.customer_id = c.customer_id ORDER BY c.customer_id
"""

# A product's title is the one that most of its reviews give, and of equals the first. Parents are
# products of their own only where they stand for two variants or more and are none themselves.
_PRODUCTS: Final = """
WITH titles AS (
    SELECT product_id, product_title, row_number() OVER (
        PARTITION BY product_id ORDER BY count(*) DESC, product_title NULLS LAST) AS rank
    FROM rows WHERE product_id IS NOT NULL GROUP BY product_id, product_title
), variants AS (
    SELECT product_id, min(product_parent) AS parent, count(*) AS reviews,
        sum(star_rating) AS stars, count(star_rating) AS rated, min(review_date) AS first_date,
        max(review_date) AS last_date
    FROM rows WHERE product_id IS NOT NULL GROUP BY product_id
), silent AS (
    SELECT product_id, sum(star_rating) AS stars, count(star_rating) AS rated
    FROM rated WHERE product_id IS NOT NULL GROUP BY product_id
), parents AS (
    SELECT parent AS product_id, min(first_date) AS first_date, max(last_date) AS last_date,
        sum(reviews)::BIGINT AS reviews
    FROM variants
    WHERE parent IS NOT NULL AND parent NOT IN (SELECT product_id FROM variants)
    GROUP BY parent HAVING count(*) > 1
)
SELECT v.product_id, t.product_title AS title, v.parent, false AS is_parent, v.reviews,
    (coalesce(v.stars, 0) + coalesce(s.stars, 0))::DOUBLE
        / nullif(v.rated + coalesce(s.rated, 0), 0) AS mean_stars,
    v.first_date, v.last_date
FROM variants v JOIN titles t ON t.product_id = v.product_id AND t.rank = 1
    LEFT JOIN silent s ON s.product_id = v.product_id
UNION ALL
SELECT product_id, NULL, NULL, true, reviews, NULL, first_date, last_date FROM parents
ORDER BY product_id
"""

_CATEGORIES: Final = """
WITH names AS (
    SELECT product_category AS name FROM rows WHERE product_category IS NOT NULL
    UNION SELECT label FROM predictions
), members AS (
    SELECT product_category AS name, product_id, count(*) AS reviews
    FROM rows WHERE product_category IS NOT NULL GROUP BY product_category, product_id
), counts AS (
    SELECT name, sum(reviews)::BIGINT AS reviews, count(product_id) AS products
    FROM members GROUP BY name
)
SELECT names.name, coalesce(reviews, 0) AS reviews, coalesce(products, 0) AS products
FROM names LEFT JOIN counts ON counts.name = names.name ORDER BY names.name
"""

NODE_SQL: Final[Mapping[str, str]] = {
    "customers": _CUSTOMERS,
    "products": _PRODUCTS,
    "categories": _CATEGORIES,
}
"""Nodes but for reviews, in the order of their keys; their ids are their places in it."""

RESOLVED: Final = """
SELECT review_id, p.id AS product, c.id AS customer, review_date AS date, star_rating AS stars,
    k.id AS category, verified_purchase AS verified, helpful_votes, review_headline AS headline,
    review_body AS body
FROM rows LEFT JOIN customers c ON c.customer_id = rows.customer_id
    LEFT JOIN products p ON p.product_id = rows.product_id
    LEFT JOIN categories k ON k.name = rows.product_category
ORDER BY review_id, product, customer, date, stars, category, verified, helpful_votes,
    md5(headline), md5(body)
"""
"""Rows with the ids of what they name, by review: of rows of one review_id the first counts."""

_BOUGHT: Final = """
SELECT customer AS source, product AS target, count(*) AS reviews,
    bool_or(verified) AS verified, avg(stars) AS mean_stars,
    min(date) AS first_date, max(date) AS last_date
FROM resolved WHERE customer IS NOT NULL AND product IS NOT NULL
GROUP BY customer, product ORDER BY source, target
"""

_WROTE: Final = """
SELECT DISTINCT customer AS source, review AS target FROM resolved WHERE customer IS NOT NULL
ORDER BY source, target
"""

_REVIEWED: Final = """
SELECT DISTINCT review AS source, product AS target FROM resolved WHERE product IS NOT NULL
ORDER BY source, target
"""

_ASSIGNED: Final = """
SELECT product AS source, category AS target, count(*) AS reviews
FROM resolved WHERE product IS NOT NULL AND category IS NOT NULL
GROUP BY product, category ORDER BY source, target
"""

_VARIANT_OF: Final = """
SELECT v.id AS source, p.id AS target
FROM products v JOIN products p ON p.product_id = v.parent
WHERE v.id <> p.id ORDER BY source, target
"""

_PREDICTED: Final = """
SELECT r.id AS source, c.id AS target, max(confidence) AS confidence, model
FROM predictions JOIN reviews r ON r.review_id = predictions.review_id
    JOIN categories c ON c.name = predictions.label
GROUP BY r.id, c.id, model ORDER BY source, model, target
"""

_SIMILAR: Final = """
SELECT p.id AS source, o.id AS target, max(score) AS score
FROM similar_products JOIN products p ON p.product_id = similar_products.product
    JOIN products o ON o.product_id = similar_products.other
GROUP BY p.id, o.id ORDER BY source, target
"""

# A product's category is the one that most of its reviews stand under, and of equals the first.
ASSIGNED_ONCE: Final = """
assigned_once AS (
    SELECT source AS product, target AS category FROM assigned
    QUALIFY row_number() OVER (PARTITION BY source ORDER BY reviews DESC, target) = 1
)"""

SUREST: Final = """
SELECT source AS review, target AS category, confidence FROM predicted
QUALIFY row_number() OVER (PARTITION BY source ORDER BY confidence DESC, model, target) = 1
"""
"""What is predicted of a review most surely, where several models say something, in any order."""

COMPARISONS: Final = f"""
WITH {ASSIGNED_ONCE}
SELECT s.review, r.target AS product, a.category AS assigned, s.category AS predicted,
    s.confidence
FROM surest s JOIN reviewed r ON r.source = s.review JOIN assigned_once a ON a.product = r.target
ORDER BY review, product
"""

EDGE_SQL: Final[Mapping[str, str]] = {
    "bought": _BOUGHT,
    "wrote": _WROTE,
    "reviewed": _REVIEWED,
    "assigned": _ASSIGNED,
    "variant_of": _VARIANT_OF,
    "predicted": _PREDICTED,
    "similar_to": _SIMILAR,
}
"""Edges, over nodes and over the rows that ``RESOLVED`` gives."""
