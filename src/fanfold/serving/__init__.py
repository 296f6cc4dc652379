"""HTTP as ASGI servers hand it over: what everything that answers batches has in common, whoever it answers for."""
