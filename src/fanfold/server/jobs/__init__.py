"""Batches and plans that are carried out as jobs: asked for now, answered later, whichever process is there then."""
