"""Batches kept in files: read, carried out by a server, shown while they run, and written down as a report."""
