"""Surfaces that people already program against, with batches behind them."""
