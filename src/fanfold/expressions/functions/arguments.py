"""What functions are given, and how they refuse it."""


class Unsuitable(ValueError):
    """A function was given what it cannot take; the message says what it takes."""
