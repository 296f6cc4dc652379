-- Named queries of the SQLite store. {in} becomes as many placeholders as there are values.

-- name: record
SELECT gid, kind, workspace, private, document, compact FROM record WHERE gid = ?;

-- name: records
SELECT gid, kind, workspace, private, document, compact FROM record WHERE gid IN ({in});

-- name: compacts
SELECT gid, workspace, private, compact FROM record WHERE gid IN ({in});

-- name: documents
SELECT gid, document FROM record WHERE gid IN ({in});

-- name: insert
INSERT INTO record (gid, kind, workspace, private, document, compact) VALUES (?, ?, ?, ?, ?, ?);

-- name: rewrite
UPDATE record SET private = ?, document = ?, compact = ? WHERE gid = ?;

-- name: delete
DELETE FROM record WHERE gid = ?;

-- name: delete_links_of
DELETE FROM link WHERE owner = ?;

-- name: delete_links_to
DELETE FROM link WHERE target = ? RETURNING owner, field, note;

-- name: link
INSERT INTO link (owner, field, position, target, note) VALUES (?, ?, ?, ?, ?);

-- name: unlink
DELETE FROM link WHERE owner = ? AND field = ? AND target = ?;

-- name: forward
SELECT owner, field, target, note FROM link WHERE owner IN ({in}) AND field IN ({fields})
ORDER BY owner, field, position;

-- name: backward
SELECT target, '<' || field, owner, note FROM link WHERE target IN ({in}) AND field IN ({fields})
ORDER BY target, field, owner;

-- name: forward_of_one
SELECT * FROM (SELECT {field}, target, note FROM link WHERE owner = ?1 AND field = {field} ORDER BY position);

-- name: backward_of_one
SELECT * FROM (SELECT '<' || {field}, owner, note FROM link WHERE target = ?1 AND field = {field} ORDER BY owner);

-- name: list
SELECT target, note FROM link WHERE owner = ? AND field = ? ORDER BY position;

-- name: empty_list
DELETE FROM link WHERE owner = ? AND field = ?;

-- name: stretch
SELECT position, target, note FROM link WHERE owner = ? AND field = ? AND position > ? ORDER BY position LIMIT ?;

-- name: targets
SELECT target FROM link WHERE owner = ? AND field = ? ORDER BY position;

-- name: places
SELECT position, target FROM link WHERE owner = ? AND field = ? ORDER BY position;

-- name: owners
SELECT owner, note FROM link WHERE target = ? AND field = ? ORDER BY owner;

-- name: task_places
SELECT owner, note FROM link WHERE target = ? AND field IN ('section.tasks', 'task.subtasks');

-- name: place
SELECT position, note FROM link WHERE target = ? AND field = ? AND owner = ?;

-- name: last
SELECT position, target FROM link WHERE owner = ? AND field = ? ORDER BY position DESC LIMIT 1;

-- name: first
SELECT position FROM link WHERE owner = ? AND field = ? ORDER BY position LIMIT 1;

-- name: next
SELECT position FROM link WHERE owner = ? AND field = ? AND position > ? ORDER BY position LIMIT 1;

-- name: previous
SELECT position FROM link WHERE owner = ? AND field = ? AND position < ? ORDER BY position DESC LIMIT 1;

-- name: count_forward
SELECT count(*) FROM link WHERE owner = ? AND field = ?;

-- name: count_many
SELECT owner, count(*) FROM link WHERE owner IN ({in}) AND field = ? GROUP BY owner;

-- name: page_linked
SELECT l.position, l.target, r.kind, r.workspace, r.private, {empty}, r.compact
FROM link l JOIN record r ON r.gid = l.target
WHERE l.owner = ? AND l.field = ? AND l.position > ? {where}
ORDER BY l.position LIMIT ?;

-- name: page_linking
SELECT l.owner, l.owner, r.kind, r.workspace, r.private, {empty}, r.compact
FROM link l JOIN record r ON r.gid = l.owner
WHERE l.target = ? AND l.field = ? AND l.owner > ? {where}
ORDER BY l.owner LIMIT ?;

-- name: page_notes
SELECT l.position, l.note, r.kind, r.workspace, r.private, {empty}, r.compact
FROM link l JOIN record r ON r.gid = l.note
WHERE l.owner = ? AND l.field = ? AND l.position > ? {where}
ORDER BY l.position LIMIT ?;

-- name: by_name
SELECT l.position, r.gid, r.kind, r.workspace, r.private, {empty}, r.compact
FROM link l JOIN record r ON r.gid = l.target
WHERE l.owner = ? AND l.field = ?
ORDER BY {text r name} COLLATE NOCASE, r.gid LIMIT ?;

-- name: page_kind
SELECT r.gid, r.gid, r.kind, r.workspace, r.private, {empty}, r.compact
FROM record r
WHERE r.workspace = ? AND r.kind = ? AND r.gid > ? {where}
ORDER BY r.gid LIMIT ?;

-- name: tree
WITH RECURSIVE tree(gid, level) AS (
    SELECT target, 1 FROM link WHERE owner = ?1 AND field = ?2
    UNION SELECT l.target, tree.level + 1 FROM tree JOIN link l ON l.owner = tree.gid AND l.field = ?2)
SELECT gid, level FROM tree ORDER BY level;

-- name: reaches
WITH RECURSIVE reached(gid) AS (
    SELECT CAST(?1 AS BIGINT) UNION SELECT l.target FROM reached JOIN link l ON l.owner = reached.gid AND l.field = ?2)
SELECT 1 FROM reached WHERE gid = ?3;

-- name: let_in
SELECT 1 FROM link t JOIN link m ON m.target = ?1 AND m.field = 'team.members' AND m.owner = t.target
WHERE t.owner = ?2 AND t.field = ?3
UNION ALL
SELECT 1 FROM link s JOIN link m ON m.target = ?1 AND m.field = 'portfolio.members' AND m.owner = s.owner
WHERE s.target = ?2 AND s.field = 'portfolio.shared_projects'
UNION ALL
SELECT 1 FROM link s JOIN link t ON t.owner = s.owner AND t.field = 'portfolio.member_teams'
JOIN link m ON m.target = ?1 AND m.field = 'team.members' AND m.owner = t.target
WHERE s.target = ?2 AND s.field = 'portfolio.shared_projects' LIMIT 1;

-- name: task_lets_in
EXISTS (
    WITH RECURSIVE above(gid) AS (
        SELECT f.gid
        UNION SELECT l.owner FROM above JOIN link l ON l.target = above.gid AND l.field = 'task.subtasks')
    SELECT 1 FROM above
    WHERE EXISTS (SELECT 1 FROM record a WHERE a.gid = above.gid AND a.private = 0)
       OR EXISTS (SELECT 1 FROM task_facts t WHERE t.gid = above.gid AND ?1 IN (t.assignee, t.created_by))
       OR EXISTS (SELECT 1 FROM link k WHERE k.target = ?1 AND k.field = 'task.followers' AND k.owner = above.gid)
       OR EXISTS (SELECT 1 FROM link k JOIN record p ON p.gid = k.note
                  WHERE k.target = above.gid AND k.field = 'section.tasks' AND (p.private = 0
                    OR EXISTS (SELECT 1 FROM link m
                               WHERE m.target = ?1 AND m.field = 'project.members' AND m.owner = p.gid)
                    OR EXISTS (
                        SELECT 1 FROM link t
                        JOIN link m ON m.target = ?1 AND m.field = 'team.members' AND m.owner = t.target
                        WHERE t.owner = p.gid AND t.field = 'project.member_teams'
                        UNION ALL
                        SELECT 1 FROM link s
                        JOIN link m ON m.target = ?1 AND m.field = 'portfolio.members' AND m.owner = s.owner
                        WHERE s.target = p.gid AND s.field = 'portfolio.shared_projects'
                        UNION ALL
                        SELECT 1 FROM link s JOIN link t ON t.owner = s.owner AND t.field = 'portfolio.member_teams'
                        JOIN link m ON m.target = ?1 AND m.field = 'team.members' AND m.owner = t.target
                        WHERE s.target = p.gid AND s.field = 'portfolio.shared_projects')
                    OR ({text p privacy_setting} = 'private_to_team' AND EXISTS (
                        SELECT 1 FROM link m WHERE m.target = ?1 AND m.field = 'team.members'
                        AND m.owner = CAST({text p team} AS INTEGER))))));

-- name: found
SELECT r.gid, r.gid, r.kind, r.workspace, r.private, {empty}, r.compact
FROM record r
WHERE r.workspace = ? AND r.kind = ? {where}
ORDER BY {order} LIMIT ? OFFSET ?;

-- name: task_counts
SELECT project, count(*), coalesce(sum(completed), 0), coalesce(sum(milestone), 0),
       coalesce(sum(completed AND milestone), 0)
FROM (SELECT s.owner AS project,
             {text r completed} AS completed,
             {text r resource_subtype} = 'milestone' AS milestone
      FROM link s JOIN link t ON t.owner = s.target AND t.field = 'section.tasks' JOIN record r ON r.gid = t.target
      WHERE s.owner IN ({in}) AND s.field = 'project.sections')
GROUP BY project;

-- name: dates_of
WITH RECURSIVE below(gid) AS (
    SELECT t.target FROM link s JOIN link t ON t.owner = s.target AND t.field = 'section.tasks'
    WHERE s.owner = ?1 AND s.field = 'project.sections'
    UNION SELECT l.target FROM below JOIN link l ON l.owner = below.gid AND l.field = 'task.subtasks' WHERE ?2)
SELECT min(start_on), max(start_on), min(due_on), max(due_on)
FROM (SELECT {text r start_on} AS start_on,
             {text r due_on} AS due_on
      FROM below JOIN record r ON r.gid = below.gid) dates;

-- name: time_spent
SELECT {text r created_by},
       sum({text r duration_minutes})
FROM link l JOIN record r ON r.gid = l.target
WHERE l.owner = ? AND l.field = 'project.time_tracking_entries' {where} GROUP BY 1;

-- name: time_estimated
SELECT {text r assignee}, sum(json_extract(CAST(r.document AS TEXT), '$.custom_fields."' || ?2 || '"'))
FROM link s JOIN link t ON t.owner = s.target AND t.field = 'section.tasks' JOIN record r ON r.gid = t.target
WHERE s.owner = ?1 AND s.field = 'project.sections' GROUP BY 1;

-- name: restrict_tasks_of
WITH RECURSIVE below(gid) AS (
    SELECT ?1
    UNION SELECT t.target FROM link s JOIN link t ON t.owner = s.target AND t.field = 'section.tasks'
    WHERE s.owner = ?1 AND s.field = 'project.sections'
    UNION SELECT l.target FROM below JOIN link l ON l.owner = below.gid AND l.field = 'task.subtasks')
UPDATE record SET private = NOT EXISTS (
    WITH RECURSIVE above(gid) AS (
        SELECT record.gid
        UNION SELECT l.owner FROM above JOIN link l ON l.target = above.gid AND l.field = 'task.subtasks')
    SELECT 1 FROM above JOIN link m ON m.target = above.gid AND m.field = 'section.tasks'
    JOIN record p ON p.gid = m.note WHERE p.private = 0)
WHERE kind = 'task' AND gid IN below;

-- name: restrict_sections_of
UPDATE record SET private = (SELECT private FROM record WHERE gid = ?1)
WHERE gid IN (SELECT target FROM link WHERE owner = ?1 AND field = 'project.sections');

-- name: event
INSERT INTO event (workspace, resource, document) VALUES (?, ?, ?);

-- name: events_of_workspace
SELECT seq, resource, document FROM event WHERE seq > ? AND workspace = ? ORDER BY seq LIMIT ?;

-- name: event_of
INSERT INTO event_of (subject, seq) VALUES (?, ?) ON CONFLICT DO NOTHING;

-- name: events_of_record
SELECT e.seq, e.resource, e.document FROM event_of o JOIN event e ON e.seq = o.seq
WHERE o.subject = ? AND o.seq > ? ORDER BY o.seq LIMIT ?;

-- name: last_event
SELECT coalesce(max(seq), 0) FROM event;

-- name: first_event
SELECT coalesce(min(seq), 0) FROM event;

-- name: oldest_events
SELECT seq, resource, document FROM event WHERE seq < ? ORDER BY seq LIMIT ?;

-- name: forget_events
DELETE FROM event WHERE seq <= ?;

-- name: forget_event_of
DELETE FROM event_of WHERE subject = ? AND seq = ?;

-- name: deliveries
SELECT count(*) FROM delivery;

-- name: add_delivery
INSERT INTO delivery (webhook, subject, secret, cursor, upto, body, due) VALUES (?, ?, ?, ?, 0, NULL, ?);

-- name: delivery
SELECT webhook, subject, secret, cursor, upto, body, due FROM delivery WHERE webhook = ?;

-- name: begin_delivery
UPDATE delivery SET upto = ?, body = ?, due = ? WHERE webhook = ?;

-- name: move_delivery
UPDATE delivery SET cursor = ? WHERE webhook = ?;

-- name: put_off_delivery
UPDATE delivery SET due = ? WHERE webhook = ?;

-- name: end_delivery
UPDATE delivery SET cursor = upto, body = NULL, due = ? WHERE webhook = ?;

-- name: drop_delivery
DELETE FROM delivery WHERE webhook = ?;

-- name: listening
SELECT webhook FROM delivery WHERE subject IN ({in});

-- name: overdue
SELECT webhook FROM delivery WHERE due <= ?1
UNION SELECT d.webhook FROM delivery d WHERE d.body IS NULL
      AND EXISTS (SELECT 1 FROM event_of o WHERE o.subject = d.subject AND o.seq > d.cursor)
LIMIT ?2;

-- name: read_by_all
SELECT min(cursor) FROM delivery;

-- name: setting
SELECT value FROM setting WHERE name = ?;

-- name: set
INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: token_by_digest
SELECT id, "user" FROM token WHERE digest = ? AND revoked_at IS NULL;

-- name: tokens
SELECT id, "user", name, created_at, revoked_at FROM token ORDER BY id;

-- name: all_tokens
SELECT id, digest, "user", name, created_at, revoked_at FROM token ORDER BY id;

-- name: forget_tokens
DELETE FROM token;

-- name: keep_token
INSERT INTO token (id, digest, "user", name, created_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?);

-- name: is_token_valid
SELECT 1 FROM token WHERE id = ? AND revoked_at IS NULL;

-- name: is_consent_given
SELECT 1 FROM consent WHERE id = ?;

-- name: add_token
INSERT INTO token (digest, "user", name, created_at) VALUES (?, ?, ?, ?);

-- name: revoke_token
UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL;

-- name: add_app
INSERT INTO app (client, secret, name, redirects, created_at) VALUES (?, ?, ?, ?, ?);

-- name: app
SELECT id, client, secret, name, redirects, created_at FROM app WHERE client = ?;

-- name: apps
SELECT id, client, secret, name, redirects, created_at FROM app ORDER BY id;

-- name: delete_vouchers_of_app
DELETE FROM voucher WHERE consent IN (SELECT c.id FROM consent c JOIN app a ON a.id = c.app WHERE a.client = ?);

-- name: delete_consents_of_app
DELETE FROM consent WHERE app IN (SELECT id FROM app WHERE client = ?);

-- name: delete_app
DELETE FROM app WHERE client = ?;

-- name: add_consent
INSERT INTO consent (app, "user", created_at) SELECT id, ?, ? FROM app WHERE client = ?;

-- name: delete_vouchers
DELETE FROM voucher WHERE consent = ?;

-- name: delete_consent
DELETE FROM consent WHERE id = ?;

-- name: add_voucher
INSERT INTO voucher (digest, consent, what, scope, expires_at, about) VALUES (?, ?, ?, ?, ?, ?);

-- name: voucher
SELECT v.digest, v.consent, v.what, v.scope, v.expires_at, v.spent, v.about, c."user", a.client
FROM voucher v JOIN consent c ON c.id = v.consent JOIN app a ON a.id = c.app WHERE v.digest = ?;

-- name: spend_voucher
UPDATE voucher SET spent = 1 WHERE digest = ?;

-- name: drop_vouchers
DELETE FROM voucher WHERE expires_at < ?;

-- name: kept_answer
SELECT fingerprint, status, headers, body, trusted FROM answer WHERE name = ? AND until > ?;

-- name: begin_answer
INSERT OR REPLACE INTO answer (name, fingerprint, until) VALUES (?, ?, ?);

-- name: finish_answer
INSERT OR REPLACE INTO answer (name, fingerprint, until, status, headers, body, trusted) VALUES (?, ?, ?, ?, ?, ?, ?);

-- name: forget_answer
DELETE FROM answer WHERE name = ?;

-- name: forget_answers
DELETE FROM answer;

-- name: drop_answers
DELETE FROM answer WHERE rowid IN (SELECT rowid FROM answer WHERE until <= ? ORDER BY until LIMIT ?);

-- name: user_by_email
SELECT gid FROM record WHERE kind = 'user' AND lower(json_extract(CAST(document AS TEXT), '$.email')) = lower(?);

-- name: of_kind
SELECT gid FROM record WHERE kind = ? ORDER BY gid;

-- name: unfinished
SELECT gid FROM record
WHERE kind = 'job' AND json_extract(CAST(document AS TEXT), '$.status') = 'in_progress' ORDER BY gid;

-- name: jobs_under_way
SELECT count(*) FROM record
WHERE kind = 'job' AND json_extract(CAST(document AS TEXT), '$.status') = 'in_progress'
  AND json_extract(CAST(document AS TEXT), '$.caller') = ?;

-- name: old_exports
SELECT gid FROM record
WHERE kind IN ('graph_export', 'export_request', 'organization_export')
  AND json_extract(CAST(document AS TEXT), '$.file') IS NOT NULL
  AND coalesce(
    json_extract(CAST(document AS TEXT), '$.completed_at'), json_extract(CAST(document AS TEXT), '$.created_at')
  ) < ?
LIMIT ?;

-- name: audit
INSERT INTO audit (workspace, at, type, actor, resource, document) VALUES (?, ?, ?, ?, ?, ?);

-- name: audited
SELECT seq, document FROM audit
WHERE workspace = ?1 AND seq > ?2 AND at >= ?3 AND at <= ?4
    AND (?5 IS NULL OR type = ?5)
    AND (?6 IS NULL OR actor = ?6 OR (?6 = -1 AND actor <> 0))
    AND (?7 IS NULL OR resource = ?7)
ORDER BY seq LIMIT ?8;

-- name: prune_audit
DELETE FROM audit WHERE at < ?;

-- name: index_bounds
SELECT (SELECT value FROM setting WHERE name = ?), coalesce((SELECT min(seq) FROM event), 0), coalesce((SELECT max(seq) FROM event), 0);

-- name: events_since
SELECT seq, resource, CASE WHEN json_extract(CAST(document AS TEXT), '$[2]') = 'attachment'
                           THEN json_extract(CAST(document AS TEXT), '$[4]') END
FROM event WHERE seq > ? ORDER BY seq LIMIT ?;

-- name: events_since_until
SELECT seq, resource, CASE WHEN json_extract(CAST(document AS TEXT), '$[2]') = 'attachment'
                           THEN json_extract(CAST(document AS TEXT), '$[4]') END
FROM event WHERE seq > ? AND json_extract(CAST(document AS TEXT), '$[1]') <= ? ORDER BY seq LIMIT ?;

-- name: searchable
SELECT gid FROM record WHERE gid > ? AND kind IN ({in}) ORDER BY gid LIMIT ?;

-- name: digests
SELECT gid, digest FROM task_facts WHERE gid IN ({in}) UNION ALL SELECT gid, digest FROM named WHERE gid IN ({in});

-- name: count_linked
SELECT owner, field, count(*) FROM link
WHERE owner IN ({in}) AND field IN ('task.likes', 'attachments', 'task.dependencies') GROUP BY owner, field;

-- name: keep_facts
INSERT OR REPLACE INTO task_facts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: keep_named
INSERT OR REPLACE INTO named VALUES (?, ?, ?, ?, ?);

-- name: keep_value
INSERT INTO task_value (field, gid, value) VALUES (?, ?, ?);

-- name: drop_values
DELETE FROM task_value WHERE gid = ?;

-- name: drop_facts
DELETE FROM task_facts WHERE gid = ?;

-- name: drop_named
DELETE FROM named WHERE gid = ?;

-- name: keep_words
INSERT INTO words (rowid, name, notes) VALUES (?, ?, ?);

-- name: keep_task_names
INSERT INTO task_names (rowid, name) VALUES (?, ?);

-- name: keep_names
INSERT INTO names (rowid, name) VALUES (?, ?);

-- name: drop_words
DELETE FROM words WHERE rowid = ?;

-- name: drop_task_names
DELETE FROM task_names WHERE rowid = ?;

-- name: drop_names
DELETE FROM names WHERE rowid = ?;

-- name: shelve
INSERT INTO shelved (shelf, name, owner, until, document) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (shelf, name) DO UPDATE SET owner = excluded.owner, until = excluded.until, document = excluded.document;

-- name: shelved
SELECT name, owner, until, document FROM shelved WHERE shelf = ? AND name = ?;

-- name: shelved_of
SELECT name, owner, until, document FROM shelved WHERE shelf = ? AND owner = ? ORDER BY place;

-- name: shelved_on
SELECT name, owner, until, document FROM shelved WHERE shelf = ? ORDER BY place;

-- name: count_shelved
SELECT count(*) FROM shelved WHERE shelf = ? AND owner = ?;

-- name: all_shelved
SELECT shelf, name, owner, until, document FROM shelved ORDER BY place;

-- name: unshelve
DELETE FROM shelved WHERE shelf = ? AND name = ?;

-- name: clear_shelves
DELETE FROM shelved;

-- name: drop_shelved
DELETE FROM shelved WHERE until IS NOT NULL AND until <= ?;
