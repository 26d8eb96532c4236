"""How the columns of reviews are called in the exports and data sets that people have.

Names are compared in lower case and without anything but letters and digits.
"""

from typing import Final

CLOSE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "review_body": (
        *("reviewtext", "body", "text", "reviewcontent", "comment", "comments", "review"),
        *("content", "contentrendered", "contentlabel", "message", "feedback", "customerreview"),
        *("reviewstext", "reviews", "reviewcommentmessage", "reviewmessage", "verifiedreviews"),
        *("reviewdescription", "reviewcomment", "customercomment", "comentarios", "opinions"),
        *("rezension", "kommentar", "commentaire", "comentario", "recensione", "texte", "texto"),
        *("testo", "reseña", "bewertungstext", "rezensionstext", "textedelavis", "avis"),
        *("opinión", "opinion", "recensie", "reviewtekst", "tekst", "comentário", "commento"),
        *("testorecensione", "textodelareseña", "textodaavaliação", "recensietekst", "opmerking"),
        *("contenudelavis", "kundenmeinung", "ulasan", "resenha"),
    ),
    "star_rating": (
        *("rating", "stars", "overall", "score", "reviewrating", "reviewscore", "star"),
        *("reviewsrating", "reviewstars", "customerrating", "userrating", "ratingvalue"),
        *("overallrating", "overallscore", "ratingoverall", "imratinglabel", "ratingstars"),
        *("reviewerscore", "scoregiven", "ratinggiven", "starsgiven", "votedup", "rate"),
        *("sterne", "étoiles", "etoiles", "estrellas", "stelle", "estrelas", "sterren"),
        *("puntuación", "puntuacion", "calificación", "calificacion", "valutazione", "voto"),
        *("valoración", "valoracion", "avaliação", "avaliacao", "beoordeling", "waardering"),
        *(
            "sternebewertung",
            "nombredétoiles",
            "nombreétoiles",
            "númerodeestrellas",
            "classificação",
        ),
        *("recommended", "isrecommended", "recommendation", "reviewsdorecommend"),
    ),
    "review_headline": (
        *("headline", "summary", "reviewtitle", "reviewsummary", "title", "subject"),
        *("reviewstitle", "reviewheadline", "reviewcommenttitle", "titlelabel", "header"),
        *("titel", "titre", "título", "titulo", "titolo", "überschrift", "betreff"),
        *("titredelavis", "títulodelareseña", "titolorecensione", "títulodaavaliação"),
        *("bewertungstitel", "rezensionstitel", "recensietitel"),
    ),
    "product_id": (
        *("asin", "businessid", "itemid", "sku", "movieid", "product", "item", "appid", "asins"),
        *("producthandle", "clothingid", "placeid", "packagename", "hotelid", "gameid", "isbn"),
        *("artikelnummer", "artikelnr", "produktid", "produktnummer", "artnr", "artikelid"),
        *(
            "référence",
            "référenceproduit",
            "idproduit",
            "codigoproducto",
            "idproducto",
            "referencia",
        ),
        *("idprodotto", "codiceprodotto", "idproduto", "códigodoproduto", "productnummer"),
    ),
    "product_parent": ("parentasin", "parentid"),
    "review_id": ("recommendationid",),
    "product_title": (
        *("productname", "itemname", "itemtitle", "appname", "originalproductname", "gamename"),
        *("hotelname", "moviename", "movietitle", "bookname", "booktitle", "restaurantname"),
        *("produktname", "produktbezeichnung", "artikelname", "artikelbezeichnung"),
        *("nomduproduit", "nomproduit", "nombredelproducto", "nombreproducto", "nomeprodotto"),
        *("nomedelprodotto", "nomedoproduto", "nomeproduto", "productnaam"),
    ),
    "product_category": (
        *("category", "maincategory", "primarycategories", "primarycategory", "categories"),
        *("categoryname", "department", "departmentname", "kategorie", "warengruppe"),
        *("catégorie", "categorie", "categoría", "categoria"),
    ),
    "customer_id": (
        *("userid", "reviewerid", "authorid", "user", "customer", "reviewer", "author"),
        *("username", "reviewsusername", "reviewername", "authorname", "customername"),
        *("authorsteamid", "usernickname", "reviewerdisplayname", "consumerid", "profilename"),
        *("consumerdisplayname", "reviewusername", "consumername", "nickname"),
        *("reviewernickname", "authornamelabel", "passengername", "passangername", "displayname"),
        *("autor", "auteur", "autore", "kunde", "kundenname", "kundennummer", "benutzername"),
        *("benutzer", "verfasser", "client", "nomduclient", "nomdutilisateur", "pseudo"),
        *("usuario", "nombredeusuario", "nombredelcliente", "cliente", "utente", "nomeutente"),
        *("nomecliente", "nomedelcliente", "nomedocliente", "usuário", "utilizador"),
        *("gebruiker", "gebruikersnaam", "klant", "klantnaam"),
    ),
    "helpful_votes": (
        *("helpfulvote", "helpfulnessnumerator", "helpful", "vote", "votes", "useful"),
        *("reviewsnumhelpful", "helpfulcount", "thumbsupcount", "votesup", "helpfulvotecount"),
        *("reviewvotesup", "voteshelpful", "totalpositivefeedbackcount", "totalposfeedbackcount"),
        *("positivefeedbackcount", "likescount", "numberoflikes", "likes", "reviewlikes"),
        *("imvotesumlabel", "reviewvotes", "curtidas", "hilfreich", "mipiace", "megusta"),
    ),
    "total_votes": ("helpfulnessdenominator", "totalfeedbackcount", "imvotecountlabel"),
    "verified_purchase": (
        *("verified", "isverified", "verifiedbuyer", "reviewsdidpurchase", "steampurchase"),
        *(
            "verifiedreviewer",
            "verifizierterkauf",
            "verifiziert",
            "achatvérifié",
            "compraverificada",
        ),
        *("acquistoverificato", "geverifieerdeaankoop"),
    ),
    "review_date": (
        *("date", "reviewtime", "timestamp", "sorttimestamp", "unixreviewtime", "time"),
        *("createdat", "datetime", "created", "reviewsdate", "timestampcreated", "reviewedat"),
        *("submittedat", "postedat", "publishedat", "datepublished", "createddate", "datecreated"),
        *("postdate", "reviewcreatedat", "reviewtimestamp", "submissiontime", "unixtime"),
        *("reviewsubmitdateandtime", "reviewcreatedutc", "reviewcreated", "submissiondate"),
        *("publishedatdate", "publisheddate", "updatedlabel", "reviewcreationdate", "creationdate"),
        *("creationtime", "reviewdatetime", "dateofreview", "reviewed", "dateadded", "at"),
        *("datum", "fecha", "dataora", "erstelltam", "erstellungsdatum", "veröffentlichtam"),
        *(
            "bewertungsdatum",
            "rezensionsdatum",
            "datederedaction",
            "datedelavis",
            "datedepublication",
        ),
        *("dateavis", "fechadepublicación", "fechadepublicacion", "fechadelareseña"),
        *("datarecensione", "datadellarecensione", "datadipubblicazione", "datadaavaliação"),
        *("datadepublicação", "datadacompra", "geplaatstop", "datumgeplaatst", "tanggal"),
    ),
    "marketplace": ("market", "country", "attributesterritory", "territory", "countrycode"),
}
"""For each column, other names of it in public data sets and exports, the surest first.

A bare ``id`` is none of them: where it is not unique, all reviews but one would pass
for duplicates.
"""

NAMES_TO_CONFIRM: Final[dict[str, tuple[str, ...]]] = {
    "review_body": (
        *("bewertung", "meinung", "beoordeling", "valutazione", "avaliação", "avaliacao", "note"),
        *(
            "notes",
            "description",
            "summary",
            "évaluation",
            "evaluation",
            "erfahrung",
        ),
    ),
    "star_rating": (
        *("bewertung", "note", "nota", "cijfer", "evaluation", "évaluation", "punkte", "punti"),
        *("puntos", "giudizio", "recensione", "review", "avis", "opinión", "opinion", "grade"),
        *("feedback", "points"),
    ),
    "product_title": (
        *("product", "produkt", "produit", "producto", "prodotto", "produto", "item", "artikel"),
        *("article", "artículo", "articolo", "hotel", "restaurant", "app", "game", "name"),
        "title",
    ),
    "product_id": ("produkt", "produit", "producto", "prodotto", "produto", "artikel", "post"),
    "customer_id": ("name", "naam", "nom", "nombre", "nome"),
    "review_date": ("data", "datedachat", "posted", "published", "updated"),
}
"""Names that say too little by themselves: they count where the values of the column agree."""


PARTS_OF_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "review_date": ("date", "time", "datum", "fecha", "posted", "created"),
    "star_rating": ("rating", "score", "star", "recommend", "grade", "bewertung"),
    "review_headline": ("title", "headline", "summary", "subject"),
    "review_body": ("text", "body", "comment", "content"),
    "review_id": ("reviewid", "uuid", "guid"),
    "customer_id": ("user", "customer", "author", "reviewer", "profile", "buyer"),
    "product_id": ("asin", "sku", "productid", "itemid"),
    "product_parent": ("parent",),
    "product_title": ("productname", "producttitle", "itemname", "brand"),
    "product_category": ("categor", "department", "genre"),
    "helpful_votes": ("helpful", "useful", "upvote", "thumbs", "like"),
    "total_votes": ("votes",),
    "vine": ("vine", "incentiv"),
    "verified_purchase": ("verified", "verifizi"),
    "marketplace": ("market", "country", "locale"),
}
"""What the names of columns contain that may hold a column of the reviews table."""

PARTS_OF_REPLIES: Final = (
    *("reply", "replied", "response", "answer", "antwort", "reponse", "réponse", "respuesta"),
    *("risposta", "resposta", "antwoord"),
)
"""What the names of columns contain that hold what shops say to their customers."""
