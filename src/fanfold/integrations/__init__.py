"""Declared APIs: where they are, how to sign in, how they page, and what can be asked of them; and accounts there."""
