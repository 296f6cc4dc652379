-- What a database of layout 1 (the first release) lacks beside tables; run once, after schema.sql.

-- Project templates were not listed with their teams.
INSERT OR IGNORE INTO link (owner, field, position, target)
SELECT CAST(document ->> '$.team' AS INTEGER), 'team.project_templates', gid << 32, gid
FROM (SELECT gid, CAST(document AS TEXT) AS document FROM record WHERE kind = 'project_template')
WHERE document ->> '$.team' IS NOT NULL
ORDER BY gid;
