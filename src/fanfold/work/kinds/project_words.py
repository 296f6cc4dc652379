"""The words that stand for a project's looks."""

_HUES = ("pink", "green", "blue", "red", "teal", "brown", "orange", "purple", "warm-gray")

COLORS = (*(f"dark-{hue}" for hue in _HUES), *(f"light-{hue}" for hue in _HUES))

ICONS = (
    *("list", "board", "timeline", "calendar", "rocket", "people", "graph", "star", "bug", "light_bulb", "globe"),
    *("gear", "notebook", "computer", "check", "target", "html", "megaphone", "chat_bubbles", "briefcase"),
    *("page_layout", "mountain_flag", "puzzle", "presentation", "line_and_symbols", "speed_dial", "ribbon", "shoe"),
    *("shopping_basket", "map", "ticket", "coins"),
)
