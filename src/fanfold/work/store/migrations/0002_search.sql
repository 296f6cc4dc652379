-- What searches look at: worked out from records that have changed, some time after they changed (see index.py). Nothing
-- here is found nowhere else.

CREATE TABLE task_facts (
    gid           bigint   PRIMARY KEY,
    workspace     bigint   NOT NULL,
    completed     smallint NOT NULL,
    subtype       text     NOT NULL COLLATE "C",
    assignee      bigint,
    assigned_by   bigint,
    created_by    bigint,
    parent        bigint,
    start_on      text     COLLATE "C",
    due_on        text     COLLATE "C",
    due_at        text     COLLATE "C",
    due           text     COLLATE "C",     -- the moment if there is one, else the day
    created_at    text     NOT NULL COLLATE "C",
    completed_at  text     COLLATE "C",
    modified_at   text     NOT NULL COLLATE "C",
    custom_type   bigint,
    custom_status bigint,
    likes         bigint   NOT NULL,
    attachments   bigint   NOT NULL,
    dependencies  bigint   NOT NULL,
    digest        bigint   NOT NULL         -- of the words, which are expensive to index and seldom change
);

-- For each way to sort by: the last two have tasks without a value, which come last in either order.
CREATE INDEX task_by_modified_at ON task_facts (workspace, modified_at, gid);
CREATE INDEX task_by_created_at ON task_facts (workspace, created_at, gid);
CREATE INDEX task_by_likes ON task_facts (workspace, likes, gid);
CREATE INDEX task_by_completed_at ON task_facts (workspace, completed_at, gid);
CREATE INDEX task_by_completed_at_down ON task_facts (workspace, completed_at DESC NULLS LAST, gid DESC);
CREATE INDEX task_by_due ON task_facts (workspace, due, gid);
CREATE INDEX task_by_due_down ON task_facts (workspace, due DESC NULLS LAST, gid DESC);

CREATE INDEX task_by_due_on ON task_facts (workspace, due_on);
CREATE INDEX task_by_assignee ON task_facts (workspace, assignee);
CREATE INDEX task_by_start_on ON task_facts (workspace, start_on) WHERE start_on IS NOT NULL;
CREATE INDEX task_by_subtype ON task_facts (workspace, subtype) WHERE subtype <> 'default_task';
CREATE INDEX task_by_parent ON task_facts (workspace, parent) WHERE parent IS NOT NULL;
CREATE INDEX task_with_attachments ON task_facts (workspace) WHERE attachments > 0;
CREATE INDEX task_with_dependencies ON task_facts (workspace) WHERE dependencies > 0;

-- The values of tasks' custom fields; without either for one that is only searched for being there.
CREATE TABLE task_value (
    field  bigint NOT NULL,
    gid    bigint NOT NULL,
    number double precision,
    text   text   COLLATE "C",
    PRIMARY KEY (field, gid)
);

CREATE INDEX task_value_by_number ON task_value (field, number, gid);
CREATE INDEX task_value_by_text ON task_value (field, left(text, 128), gid);  -- as an index holds no long ones
CREATE INDEX task_value_of ON task_value (gid);

-- Whatever else has a name.
CREATE TABLE named (
    gid         bigint PRIMARY KEY,
    workspace   bigint NOT NULL,
    kind        text   NOT NULL COLLATE "C",
    modified_at text   COLLATE "C",
    digest      bigint NOT NULL
);

CREATE INDEX named_by_modified_at ON named (workspace, kind, modified_at);

-- Words with their places, put there as they are to be found: folded and split by words.py.
CREATE TABLE words (gid bigint PRIMARY KEY, words tsvector NOT NULL);
CREATE TABLE task_names (gid bigint PRIMARY KEY, words tsvector NOT NULL);
CREATE TABLE names (gid bigint PRIMARY KEY, words tsvector NOT NULL);

CREATE INDEX words_by_word ON words USING gin (words);
CREATE INDEX task_names_by_word ON task_names USING gin (words);
CREATE INDEX names_by_word ON names USING gin (words);

-- Whether somebody lets a user in on a task that is private: what queries.sql says to SQLite under this name. As a
-- function it is planned once, and asked only of tasks that are private.
CREATE FUNCTION task_lets_in(who bigint, task bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE above(gid) AS (
        SELECT task
        UNION SELECT l.owner FROM above JOIN link l ON l.target = above.gid AND l.field = 'task.subtasks'),
    teams(gid) AS (SELECT owner FROM link WHERE target = who AND field = 'team.members'),
    portfolios(gid) AS (
        SELECT owner FROM link WHERE target = who AND field = 'portfolio.members'
        UNION SELECT l.owner FROM teams JOIN link l ON l.target = teams.gid AND l.field = 'portfolio.member_teams'),
    projects(gid, private, team) AS (
        SELECT p.gid, p.private, CASE WHEN p.document ->> 'privacy_setting' = 'private_to_team'
                                      THEN CAST(p.document ->> 'team' AS bigint) END
        FROM above JOIN link k ON k.target = above.gid AND k.field = 'section.tasks' JOIN record p ON p.gid = k.note)
    SELECT EXISTS (SELECT 1 FROM above JOIN record a ON a.gid = above.gid WHERE a.private = 0)
        OR EXISTS (SELECT 1 FROM above JOIN task_facts t ON t.gid = above.gid WHERE who IN (t.assignee, t.created_by))
        OR EXISTS (SELECT 1 FROM above JOIN link k
                   ON k.target = who AND k.field = 'task.followers' AND k.owner = above.gid)
        OR EXISTS (SELECT 1 FROM projects WHERE private = 0 OR team IN (SELECT gid FROM teams))
        OR EXISTS (SELECT 1 FROM projects p JOIN link m
                   ON m.target = who AND m.field = 'project.members' AND m.owner = p.gid)
        OR EXISTS (SELECT 1 FROM projects p JOIN link t ON t.owner = p.gid AND t.field = 'project.member_teams'
                   WHERE t.target IN (SELECT gid FROM teams))
        OR EXISTS (SELECT 1 FROM projects p JOIN link s
                   ON s.target = p.gid AND s.field = 'portfolio.shared_projects'
                   WHERE s.owner IN (SELECT gid FROM portfolios))
$$;
