"""Which language a text is in, by the package py3langid (Lui and Baldwin 2012, langid.py)."""

from reviewdesk.optional import require


def language(text: str) -> str:
    """Return the code of the likeliest language, as in ``en``; short texts are often mistaken.

    Raises:
        MissingExtra: the extra ``languages`` is not installed.
    """
    code, _ = require("py3langid", "languages").classify(text)
    return str(code)
