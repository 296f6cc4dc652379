"""Drafts of declarations: what an API's OpenAPI description tells of it, and guesses where it tells nothing."""
