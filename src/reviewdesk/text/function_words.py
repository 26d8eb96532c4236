"""Words that tell what the word behind them is, for languages that have such words.

Behind "the" and "my" stands what people speak of; behind "this" often the thing itself. The lists
hold English, German, French, Spanish, Italian, Portuguese and Dutch. Words that mean something else
in English are left out (the French "son", the Portuguese "as"); the German "die" is not.
"""

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DETERMINERS: Final = _words(
    "the my your his her its our their "
    "der die das den dem des mein meine meinen unser unsere ihr ihre sein seine "
    "le la les mon ma mes sa ses notre leur "
    "el los las mi mis su sus nuestro nuestra "
    "il lo gli mio mia suo sua "
    "o os meu minha seu sua "
    "de het mijn onze"
)
"""Articles and possessives."""

DEMONSTRATIVES: Final = _words(
    "this these dieser diese dieses diesen diesem ce cet cette ces este esta estos estas "
    "questo questa questi queste esse essa deze dit"
)
"""What points at the thing itself, as in "this book"."""

AUXILIARIES: Final = _words(
    "do does did is are was were am be been will would can could should has have had may might "
    "must it's that's they're i'm"
)
"""English words that stand before a negation and belong to it, as in "does not work"."""

ABOUT_STARS: Final = _words(
    "star stars stern sterne sternen étoile étoiles estrella estrellas stella stelle"
)
"""What names the rating itself."""
