-- What is said otherwise to PostgreSQL than queries.sql has it.

-- name: lock
SELECT pg_advisory_xact_lock(?::integer, 0);

-- name: lock_workspace
SELECT pg_advisory_xact_lock_shared(?1::integer, 0), pg_advisory_xact_lock(?1::integer, hashint8(?2));

-- name: gids
SELECT nextval('gid') FROM generate_series(1, ?);

-- name: changes
SELECT hashtextextended(pg_current_snapshot()::text, 0);

-- name: compare
WITH newer AS (
    SELECT c.gids, c.lists FROM change c
    WHERE c.xid >= pg_snapshot_xmin(?1::text::pg_snapshot) AND NOT pg_visible_in_snapshot(c.xid, ?1::text::pg_snapshot))
SELECT pg_current_snapshot()::text,
       (SELECT array_agg(DISTINCT gid) FROM newer CROSS JOIN LATERAL unnest(newer.gids) gid),
       (SELECT array_agg(DISTINCT list) FROM newer CROSS JOIN LATERAL unnest(newer.lists) list),
       EXISTS (SELECT 1 FROM newer WHERE newer.gids IS NULL);

-- name: touched
INSERT INTO change (gids, lists) VALUES (?, ?);

-- name: forget_changes
DELETE FROM change WHERE at < now() - interval '5 minutes';

-- name: delete_links_of
DELETE FROM link WHERE owner = ? RETURNING field, target;

-- name: empty_list
DELETE FROM link WHERE owner = ? AND field = ? RETURNING target;

-- name: restrict_sections_of
UPDATE record SET private = p.private FROM (SELECT private FROM record WHERE gid = ?1) p
WHERE gid IN (SELECT target FROM link WHERE owner = ?1 AND field = 'project.sections')
  AND record.private <> p.private
RETURNING record.gid;

-- name: task_lets_in
task_lets_in(?1, f.gid);

-- name: insert
INSERT INTO record (gid, kind, workspace, private, document, compact)
VALUES (?, ?, ?, ?, convert_from(?, 'UTF8')::jsonb, ?);

-- name: rewrite
UPDATE record SET private = ?, document = convert_from(?, 'UTF8')::jsonb, compact = ? WHERE gid = ?;

-- Look-ups by keys. The keys stand in a SELECT of their own, so that the planner does not count them: if it does, a plan
-- for the few that there are seems so much better than one for any number that it makes a new one every time, which
-- takes three times as long as the look-up. Links are looked up for each key and field: what else hangs on a record,
-- which may be a hundred thousand tasks, is not gone through.

-- name: records
SELECT gid, kind, workspace, private, document, compact FROM record WHERE gid = ANY ((SELECT ?::bigint[])::bigint[]);

-- name: compacts
SELECT gid, workspace, private, compact FROM record WHERE gid = ANY ((SELECT ?::bigint[])::bigint[]);

-- name: links
SELECT found.*
FROM unnest((SELECT ?1::bigint[])) k (gid) CROSS JOIN unnest((SELECT ?2::text[])) f (field) CROSS JOIN LATERAL (
    SELECT l.owner, l.field, l.target, l.note, r.workspace, r.private, r.compact, l.position
    FROM link l LEFT JOIN record r ON r.gid = l.target WHERE l.owner = k.gid AND l.field = f.field OFFSET 0) found
UNION ALL
SELECT found.*
FROM unnest((SELECT ?1::bigint[])) k (gid) CROSS JOIN unnest((SELECT ?3::text[])) f (field) CROSS JOIN LATERAL (
    SELECT l.target, '<' || l.field, l.owner, l.note, r.workspace, r.private, r.compact, l.owner
    FROM link l LEFT JOIN record r ON r.gid = l.owner WHERE l.target = k.gid AND l.field = f.field OFFSET 0) found
ORDER BY 1, 2, 8;

-- name: subject
SELECT gid, '', gid, NULL::bigint, workspace, private, compact, 0::bigint, kind, document
FROM record WHERE gid = ANY ((SELECT ?1::bigint[])::bigint[])
UNION ALL
SELECT found.*, NULL, NULL
FROM unnest((SELECT ?1::bigint[])) k (gid) CROSS JOIN unnest((SELECT ?2::text[])) f (field) CROSS JOIN LATERAL (
    SELECT l.owner, l.field, l.target, l.note, r.workspace, r.private, r.compact, l.position
    FROM link l LEFT JOIN record r ON r.gid = l.target WHERE l.owner = k.gid AND l.field = f.field OFFSET 0) found
UNION ALL
SELECT found.*, NULL, NULL
FROM unnest((SELECT ?1::bigint[])) k (gid) CROSS JOIN unnest((SELECT ?3::text[])) f (field) CROSS JOIN LATERAL (
    SELECT l.target, '<' || l.field, l.owner, l.note, r.workspace, r.private, r.compact, l.owner
    FROM link l LEFT JOIN record r ON r.gid = l.owner WHERE l.target = k.gid AND l.field = f.field OFFSET 0) found
ORDER BY 1, 2, 8;

-- name: forward_links
SELECT found.*
FROM unnest((SELECT ?1::bigint[])) k (gid) CROSS JOIN unnest((SELECT ?2::text[])) f (field) CROSS JOIN LATERAL (
    SELECT l.owner, l.field, l.target, l.note, r.workspace, r.private, r.compact, l.position
    FROM link l LEFT JOIN record r ON r.gid = l.target WHERE l.owner = k.gid AND l.field = f.field OFFSET 0) found
ORDER BY 1, 2, 8;

-- name: backward_links
SELECT found.*
FROM unnest((SELECT ?1::bigint[])) k (gid) CROSS JOIN unnest((SELECT ?2::text[])) f (field) CROSS JOIN LATERAL (
    SELECT l.target, '<' || l.field, l.owner, l.note, r.workspace, r.private, r.compact, l.owner
    FROM link l LEFT JOIN record r ON r.gid = l.owner WHERE l.target = k.gid AND l.field = f.field OFFSET 0) found
ORDER BY 1, 2, 8;

-- name: page_nested
SELECT l.position, l.target, r.kind, r.workspace, r.private, {empty}, r.compact
FROM link s JOIN link l ON l.owner = s.target AND l.field = ?3 JOIN record r ON r.gid = l.target
WHERE s.owner = ?1 AND s.field = ?2 AND (s.position > ?4 OR s.position = ?4 AND l.position > ?5) {where}
ORDER BY s.position, l.position LIMIT ?;

-- name: by_name
SELECT l.position, r.gid, r.kind, r.workspace, r.private, {empty}, r.compact
FROM link l JOIN record r ON r.gid = l.target
WHERE l.owner = ? AND l.field = ?
ORDER BY {lower r name} NULLS FIRST, r.gid LIMIT ?;

-- name: task_counts
SELECT s.owner, count(*), count(*) FILTER (WHERE completed), count(*) FILTER (WHERE milestone),
       count(*) FILTER (WHERE completed AND milestone)
FROM link s JOIN link t ON t.owner = s.target AND t.field = 'section.tasks' JOIN record r ON r.gid = t.target
     CROSS JOIN LATERAL (SELECT r.document -> 'completed' = 'true'::jsonb AS completed,
                                r.document ->> 'resource_subtype' = 'milestone' AS milestone) facts
WHERE s.owner IN ({in}) AND s.field = 'project.sections'
GROUP BY s.owner;

-- name: time_spent
SELECT {text r created_by}, sum((r.document ->> 'duration_minutes')::numeric)
FROM link l JOIN record r ON r.gid = l.target
WHERE l.owner = ? AND l.field = 'project.time_tracking_entries' {where} GROUP BY 1;

-- name: time_estimated
SELECT {text r assignee}, sum(CASE WHEN jsonb_typeof(r.document -> 'custom_fields' -> ?2::text) = 'number'
                                      THEN (r.document -> 'custom_fields' -> ?2::text)::numeric END)
FROM link s JOIN link t ON t.owner = s.target AND t.field = 'section.tasks' JOIN record r ON r.gid = t.target
WHERE s.owner = ?1 AND s.field = 'project.sections' GROUP BY 1;

-- name: restrict_tasks_of
WITH RECURSIVE below(gid) AS (
    SELECT ?1
    UNION SELECT t.target FROM link s JOIN link t ON t.owner = s.target AND t.field = 'section.tasks'
    WHERE s.owner = ?1 AND s.field = 'project.sections'
    UNION SELECT l.target FROM below JOIN link l ON l.owner = below.gid AND l.field = 'task.subtasks'),
wanted(gid, private) AS (
    SELECT r.gid, CASE WHEN EXISTS (
        WITH RECURSIVE above(gid) AS (
            SELECT r.gid
            UNION SELECT l.owner FROM above JOIN link l ON l.target = above.gid AND l.field = 'task.subtasks')
        SELECT 1 FROM above JOIN link m ON m.target = above.gid AND m.field = 'section.tasks'
        JOIN record p ON p.gid = m.note WHERE p.private = 0) THEN 0 ELSE 1 END
    FROM below JOIN record r ON r.gid = below.gid AND r.kind = 'task')
UPDATE record SET private = w.private FROM wanted w
WHERE record.gid = w.gid AND record.private <> w.private RETURNING record.gid;

-- name: event
WITH happened AS (INSERT INTO event (workspace, resource, document) VALUES (?, ?, ?) RETURNING seq)
INSERT INTO event_of (subject, seq) SELECT DISTINCT subject, seq FROM happened, unnest(?::bigint[]) subject;

-- name: latest_event
SELECT greatest((SELECT max(seq) FROM event WHERE workspace = ?), (SELECT min(seq) - 1 FROM event), 0);

-- name: forget_event_of
DELETE FROM event_of o USING unnest(?::bigint[], ?::bigint[]) told (subject, seq)
WHERE o.subject = told.subject AND o.seq = told.seq;

-- name: keep_token
INSERT INTO token (id, digest, "user", name, created_at, revoked_at)
VALUES (coalesce(?, nextval(pg_get_serial_sequence('token', 'id'))), ?, ?, ?, ?, ?);

-- name: add_consent
INSERT INTO consent (app, "user", created_at) SELECT id, ?, ? FROM app WHERE client = ? RETURNING id;

-- name: user_by_email
SELECT gid FROM record WHERE email = lower(?::text COLLATE "C") ORDER BY gid LIMIT 1;

-- name: unfinished
SELECT gid FROM record WHERE caller IS NOT NULL ORDER BY gid;

-- name: jobs_under_way
SELECT count(*) FROM record WHERE caller = ?;

-- name: old_exports
SELECT gid FROM record WHERE exported < ? ORDER BY exported, gid LIMIT ?;

-- name: audit
INSERT INTO audit (workspace, at, type, actor, resource, document) VALUES (?, ?, ?, ?, ?, ?) RETURNING seq;

-- name: audited
SELECT seq, document FROM audit
WHERE workspace = ?1 AND seq > ?2 AND at >= ?3 AND at <= ?4
    AND (?5::text IS NULL OR type = ?5::text)
    AND (?6::bigint IS NULL OR actor = ?6::bigint OR (?6::bigint = -1 AND actor <> 0))
    AND (?7::bigint IS NULL OR resource = ?7::bigint)
ORDER BY seq LIMIT ?8;

-- name: drop_answers
DELETE FROM answer WHERE name IN (SELECT name FROM answer WHERE until <= ? ORDER BY until LIMIT ?);

-- name: events_since
SELECT seq, resource, CASE WHEN shown ->> 2 = 'attachment' THEN (shown ->> 4)::bigint END
FROM (SELECT seq, resource, convert_from(document, 'UTF8')::json AS shown FROM event) e
WHERE seq > ? ORDER BY seq LIMIT ?;

-- name: events_since_until
SELECT seq, resource, CASE WHEN shown ->> 2 = 'attachment' THEN (shown ->> 4)::bigint END
FROM (SELECT seq, resource, convert_from(document, 'UTF8')::json AS shown FROM event) e
WHERE seq > ? AND (shown ->> 1) COLLATE "C" <= ? ORDER BY seq LIMIT ?;

-- name: keep_facts
INSERT INTO task_facts (
    gid, workspace, completed, subtype, assignee, assigned_by, created_by, parent, start_on, due_on, due_at, due,
    created_at, completed_at, modified_at, custom_type, custom_status, likes, attachments, dependencies, digest)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (gid) DO UPDATE SET (
    workspace, completed, subtype, assignee, assigned_by, created_by, parent, start_on, due_on, due_at, due,
    created_at, completed_at, modified_at, custom_type, custom_status, likes, attachments, dependencies, digest
) = (
    excluded.workspace, excluded.completed, excluded.subtype, excluded.assignee, excluded.assigned_by,
    excluded.created_by, excluded.parent, excluded.start_on, excluded.due_on, excluded.due_at, excluded.due,
    excluded.created_at, excluded.completed_at, excluded.modified_at, excluded.custom_type, excluded.custom_status,
    excluded.likes, excluded.attachments, excluded.dependencies, excluded.digest);

-- name: keep_named
INSERT INTO named (gid, workspace, kind, modified_at, digest) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (gid) DO UPDATE SET (workspace, kind, modified_at, digest)
    = (excluded.workspace, excluded.kind, excluded.modified_at, excluded.digest);

-- name: keep_value
INSERT INTO task_value (field, gid, number, text) VALUES (?, ?, ?, ?);

-- name: keep_words
INSERT INTO words (gid, words) VALUES (?, ?::tsvector);

-- name: keep_task_names
INSERT INTO task_names (gid, words) VALUES (?, ?::tsvector);

-- name: keep_names
INSERT INTO names (gid, words) VALUES (?, ?::tsvector);

-- name: drop_words
DELETE FROM words WHERE gid = ?;

-- name: drop_task_names
DELETE FROM task_names WHERE gid = ?;

-- name: drop_names
DELETE FROM names WHERE gid = ?;

-- name: begin_answer
INSERT INTO answer (name, fingerprint, until) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint, until = excluded.until,
    status = NULL, headers = NULL, body = NULL, trusted = NULL;

-- name: finish_answer
INSERT INTO answer (name, fingerprint, until, status, headers, body, trusted) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint, until = excluded.until,
    status = excluded.status, headers = excluded.headers, body = excluded.body, trusted = excluded.trusted;
