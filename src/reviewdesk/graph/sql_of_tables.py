"""Each table of a graph as one query over staged rows and over tables written before it.

Every result is ordered by columns without ties, and numbers come from counts, sums of whole
numbers, smallest and largest: so the same rows in another order give the same bytes.
"""

from collections.abc import Mapping
from typing import Final

_CUSTOMERS: Final = """
SELECT row_number() OVER (ORDER BY customer_id) - 1 AS id, customer_id, count(*) AS reviews,
    count(DISTINCT product_id) AS products, avg(star_rating) AS mean_stars,
    min(review_date) AS first_date, max(review_date) AS last_date
FROM rows WHERE customer_id IS NOT NULL GROUP BY customer_id ORDER BY id
"""

# A product's title is the one that most of its reviews give, and of equals the first. Parents are
# products of their own only where they stand for two variants or more and are none themselves.
_PRODUCTS: Final = """
WITH titles AS (
    SELECT product_id, product_title, row_number() OVER (
        PARTITION BY product_id ORDER BY count(*) DESC, product_title NULLS LAST) AS place
    FROM rows WHERE product_id IS NOT NULL GROUP BY product_id, product_title
), variants AS (
    SELECT product_id, min(product_parent) AS parent, count(*) AS reviews,
        avg(star_rating) AS mean_stars, min(review_date) AS first_date,
        max(review_date) AS last_date
    FROM rows WHERE product_id IS NOT NULL GROUP BY product_id
), parents AS (
    SELECT parent AS product_id, min(first_date) AS first_date, max(last_date) AS last_date,
        sum(reviews)::BIGINT AS reviews
    FROM variants
    WHERE parent IS NOT NULL AND parent NOT IN (SELECT product_id FROM variants)
    GROUP BY parent HAVING count(*) > 1
), everything AS (
    SELECT v.product_id, t.product_title AS title, v.parent, false AS is_parent, v.reviews,
        v.mean_stars, v.first_date, v.last_date
    FROM variants v JOIN titles t ON t.product_id = v.product_id AND t.place = 1
    UNION ALL
    SELECT product_id, NULL, NULL, true, reviews, NULL, first_date, last_date FROM parents
)
SELECT row_number() OVER (ORDER BY product_id) - 1 AS id, product_id, title, parent, is_parent,
    reviews, mean_stars, first_date, last_date
FROM everything ORDER BY id
"""

_REVIEWS: Final = """
SELECT row_number() OVER (ORDER BY review_id) - 1 AS id, review_id, star_rating AS stars,
    review_date AS date, verified_purchase AS verified, helpful_votes,
    review_headline AS headline, review_body AS body
FROM rows QUALIFY row_number() OVER (PARTITION BY review_id
    ORDER BY product_id, customer_id, review_date, star_rating, review_body) = 1 ORDER BY id
"""

_CATEGORIES: Final = """
WITH names AS (
    SELECT product_category AS name FROM rows WHERE product_category IS NOT NULL
    UNION SELECT label FROM predictions
), counts AS (
    SELECT product_category AS name, count(*) AS reviews, count(DISTINCT product_id) AS products
    FROM rows WHERE product_category IS NOT NULL GROUP BY product_category
)
SELECT row_number() OVER (ORDER BY names.name) - 1 AS id, names.name,
    coalesce(reviews, 0) AS reviews, coalesce(products, 0) AS products
FROM names LEFT JOIN counts ON counts.name = names.name ORDER BY id
"""

_BOUGHT: Final = """
SELECT c.id AS source, p.id AS target, count(*) AS reviews,
    bool_or(verified_purchase) AS verified, avg(star_rating) AS mean_stars,
    min(review_date) AS first_date, max(review_date) AS last_date
FROM rows JOIN customers c ON c.customer_id = rows.customer_id
    JOIN products p ON p.product_id = rows.product_id
GROUP BY c.id, p.id ORDER BY source, target
"""

_WROTE: Final = """
SELECT DISTINCT c.id AS source, r.id AS target
FROM rows JOIN customers c ON c.customer_id = rows.customer_id
    JOIN reviews r ON r.review_id = rows.review_id
ORDER BY source, target
"""

_REVIEWED: Final = """
SELECT DISTINCT r.id AS source, p.id AS target
FROM rows JOIN reviews r ON r.review_id = rows.review_id
    JOIN products p ON p.product_id = rows.product_id
ORDER BY source, target
"""

_ASSIGNED: Final = """
SELECT p.id AS source, c.id AS target, count(*) AS reviews
FROM rows JOIN products p ON p.product_id = rows.product_id
    JOIN categories c ON c.name = rows.product_category
GROUP BY p.id, c.id ORDER BY source, target
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

TABLE_SQL: Final[Mapping[str, str]] = {
    "customers": _CUSTOMERS,
    "products": _PRODUCTS,
    "reviews": _REVIEWS,
    "categories": _CATEGORIES,
    "bought": _BOUGHT,
    "wrote": _WROTE,
    "reviewed": _REVIEWED,
    "assigned": _ASSIGNED,
    "variant_of": _VARIANT_OF,
    "predicted": _PREDICTED,
    "similar_to": _SIMILAR,
}
"""In the order in which they need each other."""
