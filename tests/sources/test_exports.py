"""Headers of the exports that people have, and of six languages: read with nothing told."""

import pandas as pd
import pytest

from reviewdesk.sources.mapping import map_columns

EXPORTS = {
    "Google Play": (
        "reviewId,userName,userImage,content,score,thumbsUpCount,reviewCreatedVersion,at",
        "content score userName thumbsUpCount at",
    ),
    "Judge.me": (
        "title,body,rating,review_date,reviewer_name,reviewer_email,product_id,product_handle",
        "body rating reviewer_name - review_date",
    ),
    "Yotpo": (
        "Review ID,Review Score,Review Title,Review Content,Review Creation Date,"
        "Reviewer Display Name,Product ID",
        "Review_Content Review_Score Reviewer_Display_Name - Review_Creation_Date",
    ),
    "Bazaarvoice": (
        "Id,ProductId,Rating,Title,ReviewText,SubmissionTime,UserNickname",
        "ReviewText Rating UserNickname - SubmissionTime",
    ),
    "Steam": (
        "recommendationid,author.steamid,review,voted_up,votes_up,timestamp_created",
        "review voted_up author.steamid votes_up timestamp_created",
    ),
    "German": ("Produktname,Titel,Bewertungstext,Sterne,Bewertungsdatum,Autor",
               "Bewertungstext Sterne Autor - Bewertungsdatum"),
    "French": ("Titre,Avis,Étoiles,Auteur", "Avis Étoiles Auteur - -"),
    "Spanish": ("Título,Opinión,Calificación,Autor,Fecha",
                "Opinión Calificación Autor - Fecha"),
    "Italian": ("Titolo,Recensione,Valutazione,Autore", "Recensione Valutazione Autore - -"),
    "Portuguese": ("Título,Comentário,Avaliação,Autor", "Comentário Avaliação Autor - -"),
    "Dutch": ("Titel,Recensie,Beoordeling,Datum", "Recensie Beoordeling - - Datum"),
}  # fmt: skip

COLUMNS = ("review_body", "star_rating", "customer_id", "helpful_votes", "review_date")


@pytest.mark.parametrize("export", EXPORTS)
def test_their_columns_are_known(export: str) -> None:
    header, wanted = EXPORTS[export]
    names = [*pd.DataFrame(columns=header.split(",")).columns]
    found = map_columns(names, {}, "export.csv").columns
    told = [found.get(name, "-").replace(" ", "_") for name in COLUMNS]
    assert told == wanted.split()
