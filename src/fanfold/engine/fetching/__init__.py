"""Recipes: which entry waits for which, what each becomes while it runs, and what came of it.

``graph.py`` is all that can be known before anything runs; ``course.py`` hands out what may begin, as ``order.py`` does
for the actions of a batch that hang together. Dispatch is the same.
"""
