"""Numbers, counts and names as one writes them in a figure."""

IRREGULAR = {
    "ms_pacman": "Ms. Pac-Man",
    "jamesbond": "James Bond",
    "qbert": "Q*bert",
    "hero": "H.E.R.O.",
}


def number(x: float) -> str:
    """A number as one says it: 12,345 or 0.0123, never 1.2e+04."""
    if x == 0:
        return "0"
    if abs(x) >= 100:
        return f"{x:,.0f}"
    return f"{x:.3g}" if abs(x) >= 1e-4 else f"{x:.1e}"


def counted(count: float, thing: str) -> str:
    """A number and what it counts: 1 point, 12,345 points, 0.5 points.

    Args:
        count: how many.
        thing: one of them; more have an s at the end.
    """
    said = number(count)
    return f"{said} {thing}" if said in ("1", "-1") else f"{said} {thing}s"


def title(game: str) -> str:
    """A ROM's name as one writes it: `ms_pacman` is Ms. Pac-Man."""
    return IRREGULAR.get(game, game.replace("_", " ").title())
