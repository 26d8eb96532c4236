"""What all charts draw with: text, coordinates and colours of the page's style sheet."""

from typing import Final, Literal

from reviewdesk.report.html import Html, element

FONT_SIZE: Final = 12

Anchor = Literal["start", "middle", "end"]


def text(
    content: str, x: float, y: float, anchor: Anchor, colour: str = "muted", *, turned: bool = False
) -> Html:
    """Return a line of text.

    Args:
        content: what it says.
        x: where it begins, has its middle or ends, as ``anchor`` says.
        y: where its base line lies.
        anchor: which of its ends ``x`` is.
        colour: a colour of the style sheet.
        turned: whether it reads from the bottom up.
    """
    across, down = coordinate(x), coordinate(y)
    return element(
        "text",
        content,
        x=across,
        y=down,
        text_anchor=anchor,
        font_size=FONT_SIZE,
        fill=variable(colour),
        transform=f"rotate(-90 {across} {down})" if turned else False,
    )


def coordinate(number: float) -> str:
    """Return a coordinate to a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")


def variable(colour: str) -> str:
    """Return a colour of the style sheet, which light, dark and print each have their own of."""
    return f"var(--{colour})"
