from collections import Counter
from datetime import date

import pytest

from reviewdesk.sources.dates import date_evidence, day_of, decide_order, read_date

USUAL = {"/": "mdy", ".": "dmy"}


def day(text: str) -> date | None:
    return day_of(read_date(text), USUAL)


@pytest.mark.parametrize(
    "text",
    [
        *("2009-09-13", "2009/9/13", "20090913", "2009-09-13 23:59:59", "2009-09-13T01:02:03Z"),
        *("Posted September 13, 2009.", "13.09.2009.", "(13 Sept 2009)"),
        *("2009.09.13", "20090913T101112Z", "2009-09-13T23:30:00-05:00", "2009年9月13日"),
        *("09 13, 2009", "September 13, 2009", "Sep 13, 2009", "13 September 2009", "13 Sep 2009"),
        *("13-Sep-09", "Sep 13 2009", "13. September 2009", "September 13th, 2009", "13-SEP-2009"),
        *("Sunday, 13 September 2009", "Sun, 13 Sep 2009 10:00:00 GMT", "2009-Sep-13"),
        *("Sun Sep 13 10:00:00 +0000 2009", "Sep 13, 2009, 10:14 AM", "13th of September 2009"),
        *("Reviewed in the United States on September 13, 2009", "Edited September 13, 2009"),
        *("Rezension aus Deutschland vom 13. September 2009", "le 13 septembre 2009"),
        *(
            "Revisado en España el 13 de septiembre de 2009",
            "Recensito in Italia il 13 settembre 2009",
        ),
        *("Avaliado no Brasil em 13 de setembro de 2009", "Beoordeeld op 13 september 2009"),
        *("09/13/2009", "9/13/09", "9/13/2009 10:33 PM", "13.09.2009", "13.9.2009 14:05"),
        *("Posted on 09/13/2009", "Erstellt: 13.09.2009", "on 2009-09-13", "20090913101112"),
        *("1252800000", "1252800000000", "1252800000.0", "1.2528e9", "1252800000000000"),
        *("40069", "14500", "40069.5"),  # days of a spreadsheet, days since 1970
    ],
)
def test_dates_in_many_styles(text: str) -> None:
    assert day(text) == date(2009, 9, 13)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        *(("4. März 2019", 3), ("4 août 2019", 8), ("4 févr. 2019", 2), ("4 mei 2019", 5)),
        *(("4 de enero de 2019", 1), ("4 maggio 2019", 5), ("4 de outubro de 2019", 10)),
        *(("4. Dezember 2019", 12), ("4 juil. 2019", 7), ("4 lug 2019", 7), ("4 mrt 2019", 3)),
    ],
)
def test_months_have_names_in_seven_languages(text: str, month: int) -> None:
    assert day(text) == date(2019, month, 4)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "2009", "2009-13-01", "2009-02-30", "0000-01-01", "32/09/2009", "yesterday"),
        *("200911", "9" * 13 + "9", "2009-09/13", "2 days ago", "July 2019", "13 Foo 2009"),
        *("99999", "04-07-2019", "0/0/2019", "x" * 97),
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert day(text) is None


def test_a_date_before_1970_is_a_date() -> None:
    assert day("-100000000") == date(1966, 10, 31)


def column(*texts: str) -> tuple[list[str | None], str, str]:
    order = decide_order(Counter(date_evidence(read_date(text)) for text in texts), "date")
    days = [day_of(read_date(text), order.orders) for text in texts]
    return [None if one is None else str(one) for one in days], order.sentence, order.question


def test_one_date_proves_the_order_for_all() -> None:
    days, sentence, _ = column("05/06/2019", "13/06/2019", "01-02-2020")
    assert days == ["2019-06-05", "2019-06-13", "2020-02-01"]
    assert "day/month/year" in sentence
    days, sentence, _ = column("05/06/2019", "06/13/2019")
    assert days == ["2019-05-06", "2019-06-13"]
    assert "month/day/year" in sentence


def test_without_proof_it_is_said_or_asked() -> None:
    others = ["2019-01-01"] * 3
    days, sentence, question = column(*others, "05/06/2019", "04-07-2019", "3.2.2019", "5/5/2019")
    assert days[3:] == ["2019-05-06", None, "2019-02-03", "2019-05-05"]
    assert "--date-order" in sentence
    assert not question
    _, _, question = column("05/06/2019", "04/07/2019", "2019-01-01")
    assert "--date-order dmy or --date-order mdy" in question


def test_dates_of_several_orders_are_read_as_they_prove() -> None:
    days, sentence, _ = column("13/06/2019", "06/13/2019", "05/06/2019")
    assert days == ["2019-06-13", "2019-06-13", None]
    assert "others prove several orders" in sentence


def test_few_that_prove_another_order_are_mistakes() -> None:
    days, _, _ = column(*["13/06/2019"] * 200, "06/13/2019", "05/06/2019")
    assert days[-2:] == [None, "2019-06-05"]


def test_the_year_can_come_first_in_two_digits() -> None:
    days, _, _ = column("98/07/04", "97/12/31", "97/01/02")
    assert days == ["1998-07-04", "1997-12-31", "1997-01-02"]
