-- What searches look at: worked out from records that have changed, some time after they changed (see index.py). Nothing
-- here is found nowhere else, so all of it may be dropped at any time; the next search then works it out anew.

CREATE TABLE IF NOT EXISTS task_facts (
    gid           INTEGER PRIMARY KEY,
    workspace     INTEGER NOT NULL,
    completed     INTEGER NOT NULL,
    subtype       TEXT    NOT NULL,
    assignee      INTEGER,
    assigned_by   INTEGER,
    created_by    INTEGER,
    parent        INTEGER,
    start_on      TEXT,
    due_on        TEXT,
    due_at        TEXT,
    due           TEXT,               -- the moment if there is one, else the day
    created_at    TEXT,
    completed_at  TEXT,
    modified_at   TEXT,
    custom_type   INTEGER,
    custom_status INTEGER,
    likes         INTEGER NOT NULL,
    attachments   INTEGER NOT NULL,
    dependencies  INTEGER NOT NULL,
    digest        INTEGER NOT NULL    -- of the words, which are expensive to index and seldom change
);

CREATE INDEX IF NOT EXISTS task_by_modified_at ON task_facts (workspace, modified_at);
CREATE INDEX IF NOT EXISTS task_by_created_at ON task_facts (workspace, created_at);
CREATE INDEX IF NOT EXISTS task_by_completed_at ON task_facts (workspace, completed_at);
CREATE INDEX IF NOT EXISTS task_by_due ON task_facts (workspace, due);
CREATE INDEX IF NOT EXISTS task_by_due_on ON task_facts (workspace, due_on);
CREATE INDEX IF NOT EXISTS task_by_assignee ON task_facts (workspace, assignee);
CREATE INDEX IF NOT EXISTS task_by_likes ON task_facts (workspace, likes);
CREATE INDEX IF NOT EXISTS task_by_start_on ON task_facts (workspace, start_on) WHERE start_on IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_by_subtype ON task_facts (workspace, subtype) WHERE subtype <> 'default_task';
CREATE INDEX IF NOT EXISTS task_by_parent ON task_facts (workspace, parent) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS task_with_attachments ON task_facts (workspace) WHERE attachments > 0;
CREATE INDEX IF NOT EXISTS task_with_dependencies ON task_facts (workspace) WHERE dependencies > 0;

-- The values of tasks' custom fields; NULL stands for one that is only searched for being there.
CREATE TABLE IF NOT EXISTS task_value (
    field INTEGER NOT NULL,
    gid   INTEGER NOT NULL,
    value,
    PRIMARY KEY (field, gid)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS task_value_by_value ON task_value (field, value, gid);
CREATE INDEX IF NOT EXISTS task_value_of ON task_value (gid);

-- Whatever else has a name.
CREATE TABLE IF NOT EXISTS named (
    gid         INTEGER PRIMARY KEY,
    workspace   INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
    modified_at TEXT,
    digest      INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS named_by_modified_at ON named (workspace, kind, modified_at);

CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    name, notes, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE IF NOT EXISTS task_names USING fts5(
    name, content = '', contentless_delete = 1, prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE IF NOT EXISTS names USING fts5(
    name, content = '', contentless_delete = 1, prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 2");

-- Parts of the indexes are merged a little with each write. Left to themselves, they would now and then catch up all at
-- once where many are written one after the other, which holds everybody up.
INSERT INTO words (words, rank) VALUES ('crisismerge', 64), ('automerge', 8);
INSERT INTO task_names (task_names, rank) VALUES ('crisismerge', 64), ('automerge', 8);
INSERT INTO names (names, rank) VALUES ('crisismerge', 64), ('automerge', 8);
