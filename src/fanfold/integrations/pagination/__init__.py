"""How lists go on: one strategy for each way that APIs cut them into pages, all behind one opaque cursor."""
