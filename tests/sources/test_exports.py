"""The exports and data sets that people have, in six languages: read right with nothing told.

A column of a layout is ``name=kind``, or ``name=kind>column`` where it holds one of the reviews
table's. Names and order are those of the program or site; the values are made up.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reviewdesk.errors import MissingColumn
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import open_inputs

ROWS = 40
WORDS = "lid loose colour fades washes good fast delivery battery screen bright price fair".split()

MADE: dict[str, Callable[[Random, int], Any]] = {
    "text": lambda random, row: f"{row} " + " ".join(random.choices(WORDS, k=12)),
    "reply": lambda random, row: f"Dear {row}, " + " ".join(random.choices(WORDS, k=60)),
    "headline": lambda random, row: " ".join(random.choices(WORDS, k=3)) + f" {row}",
    "word": lambda random, row: random.choice(["super!", "awesome", "fair"]),
    "stars": lambda random, row: random.choice([1, 3, 4, 5]),
    "ten": lambda random, row: random.randint(1, 10),
    "flag": lambda random, row: random.choice([0, 1]),
    "bool": lambda random, row: random.choice([True, False]),
    "sign": lambda random, row: random.choice([-1, 1]),
    "yes": lambda random, row: random.choice(["Ja", "Nein", "Oui", "Sí"]),
    "date": lambda random, row: f"2024-05-{1 + row % 28:02d}T10:00:00Z",
    "day": lambda random, row: f"{1 + row % 28:02d}/{1 + row % 12:02d}/2024",
    "epoch": lambda random, row: 1_700_000_000 + 86_400 * row,
    "person": lambda random, row: f"Ann {row}",
    "count": lambda random, row: row % 7,
    "zero": lambda random, row: 0,
    "id": lambda random, row: f"r-{row}",
    "item": lambda random, row: f"B{row % 4}",
    "title": lambda random, row: f"Steel kettle {row % 4}",
    "group": lambda random, row: "Kettles",
    "none": lambda random, row: "",
}

TABLES = {
    "Google Play Console": "Package Name=item>product_id,App Version Code=count,Device=group,"
    "Review Submit Date and Time=date>review_date,Review Last Update Date and Time=date,"
    "Star Rating=stars>star_rating,Review Title=none>review_headline,Review Text=text>review_body,"
    "Developer Reply Date and Time=date,Developer Reply Text=reply,Review Link=id",
    "App Store scraper": "=count,date=date>review_date,review=text>review_body,"
    "rating=stars>star_rating,isEdited=bool,title=headline>review_headline,"
    "userName=person>customer_id,developerResponse=reply",
    "Trustpilot": "Review Created (UTC)=date>review_date,Review Username=person>customer_id,"
    "Reference Id=count,Review Title=headline>review_headline,Review Content=text>review_body,"
    "Review Stars=stars>star_rating,Domain Name=group,Company Reply=reply,Review Id=id>review_id",
    "Yotpo": "Review ID=id>review_id,Review Title=headline>review_headline,"
    "Review Content=text>review_body,Review Score=stars>star_rating,"
    "Review Creation Date=date>review_date,Reviewer Display Name=person>customer_id,"
    "Product ID=item>product_id,Product Title=title>product_title,Sentiment=flag,"
    "Review Votes Up=count>helpful_votes,Review Votes Down=count,Comment Content=reply",
    "Judge.me": "title=headline>review_headline,body=text>review_body,rating=stars>star_rating,"
    "review_date=date>review_date,source=group,curated=group,reviewer_name=person>customer_id,"
    "product_id=item>product_id,product_handle=item,reply=reply,picture_urls=none",
    "Bazaarvoice Workbench": "Review ID=id>review_id,Product ID=item>product_id,"
    "Product Name=title>product_title,Category=group>product_category,"
    "Overall Rating=stars>star_rating,Review Title=headline>review_headline,"
    "Review Text=text>review_body,Reviewer Nickname=person>customer_id,"
    "Submission Date=date>review_date,Recommended=yes,Client Response=reply",
    "Shopify": "product_handle=item>product_id,state=group,rating=stars>star_rating,"
    "title=headline>review_headline,author=person>customer_id,location=none,body=text>review_body,"
    "reply=reply,created_at=date>review_date,replied_at=date",
    "Steam, Kaggle": "app_id=item>product_id,app_name=title>product_title,"
    "review_text=text>review_body,review_score=sign>star_rating,review_votes=flag>helpful_votes",
    "Datafiniti": "id=item,name=title>product_title,asins=item>product_id,brand=group,"
    "primaryCategories=group>product_category,reviews.date=date>review_date,"
    "reviews.doRecommend=bool,reviews.numHelpful=count>helpful_votes,"
    "reviews.rating=stars>star_rating,reviews.text=text>review_body,"
    "reviews.title=headline>review_headline,reviews.username=person>customer_id",
    "clothing, Kaggle": "=count,Clothing ID=item>product_id,Age=count,"
    "Title=headline>review_headline,Review Text=text>review_body,Rating=stars>star_rating,"
    "Recommended IND=flag,Positive Feedback Count=count>helpful_votes,"
    "Department Name=group>product_category",
    "Flipkart, Kaggle": "ProductName=title>product_title,Price=count,Rate=stars>star_rating,"
    "Review=word>review_headline,Summary=text>review_body",
    "Alexa, Kaggle": "rating=stars>star_rating,date=date>review_date,variation=group,"
    "verified_reviews=text>review_body,feedback=flag",
    "airline, Kaggle": "=count,Name=person>customer_id,Verified=bool>verified_purchase,"
    "Date Published=date>review_date,Overall Rating=ten>star_rating,"
    "Header=headline>review_headline,Review Body=text>review_body,Recommended=yes",
    "Olist": "review_id=id>review_id,order_id=count,review_score=stars>star_rating,"
    "review_comment_title=headline>review_headline,review_comment_message=text>review_body,"
    "review_creation_date=date>review_date,review_answer_timestamp=date",
    "German": "Bestellnummer=count,Produkt=title>product_title,Kundenname=person>customer_id,"
    "Bewertung=stars>star_rating,Überschrift=headline>review_headline,"
    "Bewertungstext=text>review_body,Datum=day>review_date,Antwort=reply",
    "German, stars apart": "Artikelnummer=item>product_id,Kunde=person>customer_id,"
    "Sterne=stars>star_rating,Titel=headline>review_headline,Bewertung=text>review_body,"
    "Erstellt am=day>review_date,Verifizierter Kauf=yes>verified_purchase",
    "French": "Produit=title>product_title,Nom du client=person>customer_id,"
    "Note=stars>star_rating,Titre de l'avis=headline>review_headline,Avis=text>review_body,"
    "Date de publication=day>review_date,Réponse=reply",
    "Spanish": "Producto=title>product_title,Usuario=person>customer_id,"
    "Puntuación=stars>star_rating,Título=headline>review_headline,Reseña=text>review_body,"
    "Fecha=day>review_date,Compra verificada=yes>verified_purchase",
    "Italian": "Prodotto=title>product_title,Nome utente=person>customer_id,"
    "Voto=stars>star_rating,Titolo=headline>review_headline,Testo recensione=text>review_body,"
    "Data=day>review_date",
    "Portuguese": "Produto=title>product_title,Nome do cliente=person>customer_id,"
    "Nota=stars>star_rating,Título=headline>review_headline,Comentário=text>review_body,"
    "Data da avaliação=day>review_date,Curtidas=count>helpful_votes",
    "Dutch": "Product=title>product_title,Naam=person>customer_id,Cijfer=ten>star_rating,"
    "Titel=headline>review_headline,Review tekst=text>review_body,Geplaatst op=day>review_date",
}

OBJECTS = {
    "App Store Connect": (
        '{"data": [%s], "links": {"self": "x"}}',
        "type=group,id=id,attributes.rating=stars>star_rating,"
        "attributes.title=headline>review_headline,attributes.body=text>review_body,"
        "attributes.reviewerNickname=person>customer_id,attributes.createdDate=date>review_date,"
        "attributes.territory=group>marketplace,links.self=id",
    ),
    "iTunes feed": (
        '{"feed": {"author": {"name": {"label": "iTunes Store"}}, "entry": [%s]}}',
        "author.uri.label=id,author.name.label=person>customer_id,updated.label=date>review_date,"
        "im:rating.label=stars>star_rating,id.label=id,title.label=headline>review_headline,"
        "content.label=text>review_body",
    ),
    "Trustpilot, service": (
        '{"links": [], "reviews": [%s]}',
        "id=id,consumer.id=id>customer_id,consumer.displayName=person,stars=stars>star_rating,"
        "title=headline>review_headline,text=text>review_body,createdAt=date>review_date,"
        "companyReply.text=reply,isVerified=bool>verified_purchase",
    ),
    "Bazaarvoice, service": (
        '{"Limit": 100, "TotalResults": 40, "Results": [%s], "Includes": {}}',
        "Id=id,ProductId=item>product_id,OriginalProductName=title>product_title,"
        "AuthorId=person>customer_id,Rating=stars>star_rating,RatingRange=count,"
        "TotalPositiveFeedbackCount=count>helpful_votes,SubmissionTime=date>review_date,"
        "ReviewText=text>review_body,Title=headline>review_headline",
    ),
    "Steam, service": (
        '{"success": 1, "query_summary": {"num_reviews": 40}, "reviews": [%s], "cursor": "A"}',
        "recommendationid=id>review_id,author.steamid=id>customer_id,author.num_reviews=count,"
        "language=group,review=text>review_body,timestamp_created=epoch>review_date,"
        "voted_up=bool>star_rating,votes_up=count>helpful_votes,"
        "steam_purchase=bool>verified_purchase",
    ),
    "WordPress": (
        "[%s]",
        "id=count,post=item>product_id,author=zero,author_name=person>customer_id,"
        "date=date>review_date,content.rendered=text>review_body,status=group",
    ),
    "Google Maps": (
        "[%s]",
        "title=title>product_title,placeId=item>product_id,name=person,reviewerId=id>customer_id,"
        "text=text>review_body,publishedAtDate=date>review_date,likesCount=count>helpful_votes,"
        "stars=stars>star_rating,rating=none,responseFromOwnerText=reply",
    ),
}


def layout(columns: str) -> tuple[list[list[str]], dict[str, str]]:
    """Return names and kinds of columns, and which of them hold ours."""
    parts = [column.rpartition("=") for column in columns.split(",")]
    kinds = [[name, kind.partition(">")[0]] for name, _, kind in parts]
    return kinds, {kind.partition(">")[2]: name for name, _, kind in parts if ">" in kind}


def rows_of(kinds: list[list[str]]) -> list[list[Any]]:
    random = Random(1)
    return [[MADE[kind](random, row) for _, kind in kinds] for row in range(ROWS)]


def columns_of(path: Path) -> dict[str, str]:
    (one,) = open_inputs([str(path)], SourceSettings())
    return dict(one.columns.columns)


@pytest.mark.parametrize("name", TABLES)
def test_tables(name: str, tmp_path: Path) -> None:
    kinds, wanted = layout(TABLES[name])
    encoding = "utf-16" if name == "Google Play Console" else "utf-8"
    with (tmp_path / "export.csv").open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column for column, _ in kinds])
        writer.writerows(rows_of(kinds))
    assert columns_of(tmp_path / "export.csv") == wanted


@pytest.mark.parametrize("name", OBJECTS)
def test_objects(name: str, tmp_path: Path) -> None:
    frame, columns = OBJECTS[name]
    kinds, wanted = layout(columns)
    objects = []
    for row in rows_of(kinds):
        found: dict[str, Any] = {}
        for (column, _), value in zip(kinds, row, strict=True):
            *outers, last = column.split(".")
            place = found
            for outer in outers:
                place = place.setdefault(outer, {})
            place[last] = value
        objects.append(json.dumps(found))
    (tmp_path / "export.json").write_text(frame % ", ".join(objects))
    assert columns_of(tmp_path / "export.json") == wanted


def test_of_two_texts_of_unknown_names_neither_is_taken(tmp_path: Path) -> None:
    kinds, _ = layout("Hotel=title,Good points=text,Bad points=text,Score=ten")
    with (tmp_path / "hotels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[column for column, _ in kinds], *rows_of(kinds)])
    with pytest.raises(MissingColumn) as caught:
        columns_of(tmp_path / "hotels.csv")
    assert sorted(caught.value.remedies) == [
        ("--map", "review_body=Bad points"),
        ("--map", "review_body=Good points"),
    ]
