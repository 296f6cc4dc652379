-- What is said otherwise to PostgreSQL than queries.sql has it.

-- name: lock
SELECT pg_advisory_xact_lock($1, 0);
