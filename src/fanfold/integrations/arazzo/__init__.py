"""Workflows of the Arazzo specification (1.0, 1.1) as plans, as far as there is a word for each thing in both."""
