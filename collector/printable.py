"""Text of agents, fit for a terminal."""


def printable(text: str) -> str:
    """Without what a terminal would take for an order: escapes, line breaks, marks of direction."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
