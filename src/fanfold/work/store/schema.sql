-- Two tables serve every kind: what a thing is (record) and how things hang together (link). Every statement may be run
-- again: a database of an older layout gets what it lacks.

CREATE TABLE IF NOT EXISTS record (
    gid       INTEGER PRIMARY KEY,
    kind      TEXT    NOT NULL,
    workspace INTEGER NOT NULL,            -- 0 for users, who stand above workspaces
    private   INTEGER NOT NULL DEFAULT 0,  -- 1: being in the workspace is not enough to see it
    document  BLOB    NOT NULL,            -- JSON, UTF-8: everything stored about it, relations to one as gid strings
    compact   BLOB    NOT NULL             -- JSON, UTF-8: the short form, rewritten with the document
);

CREATE INDEX IF NOT EXISTS record_by_kind ON record (workspace, kind, gid);

-- An inverse is the same rows read backwards. The note is what is particular to the pair: a gid, or nothing.
CREATE TABLE IF NOT EXISTS link (
    owner    INTEGER NOT NULL,
    field    TEXT    NOT NULL,
    position INTEGER NOT NULL,
    target   INTEGER NOT NULL,
    note     INTEGER,
    PRIMARY KEY (owner, field, position, target)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS link_backwards ON link (target, field, owner, position, note);

-- What happened, in commit order; read by event streams.
CREATE TABLE IF NOT EXISTS event (
    seq       INTEGER PRIMARY KEY,
    workspace INTEGER NOT NULL,
    resource  INTEGER NOT NULL,
    document  BLOB    NOT NULL
);

-- What those who answer for a workspace can look up: as it is shown, but for the gid.
CREATE TABLE IF NOT EXISTS audit (
    seq       INTEGER PRIMARY KEY,
    workspace INTEGER NOT NULL,
    at        TEXT    NOT NULL,
    type      TEXT    NOT NULL,
    actor     INTEGER NOT NULL,            -- 0 for the system
    resource  INTEGER NOT NULL,
    document  BLOB    NOT NULL
);

CREATE INDEX IF NOT EXISTS audit_of_workspace ON audit (workspace, seq);

-- Which events are told of to those who follow a record: its own, and those of what hangs below it when they happened.
CREATE TABLE IF NOT EXISTS event_of (
    subject INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (subject, seq)
) WITHOUT ROWID;

-- How far each webhook has come. What is being sent stands in body until it has arrived; its events end with upto. Due is
-- when the next attempt or heartbeat is to be made.
CREATE TABLE IF NOT EXISTS delivery (
    webhook INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL,
    secret  BLOB    NOT NULL,
    cursor  INTEGER NOT NULL,
    upto    INTEGER NOT NULL,
    body    BLOB,
    due     TEXT    NOT NULL
);

CREATE INDEX IF NOT EXISTS delivery_by_subject ON delivery (subject);
CREATE INDEX IF NOT EXISTS delivery_by_due ON delivery (due);

CREATE TABLE IF NOT EXISTS token (
    id         INTEGER PRIMARY KEY,
    digest     BLOB    NOT NULL UNIQUE,    -- SHA-256 of the token, which itself is never stored
    user       INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    created_at TEXT    NOT NULL,
    revoked_at TEXT
);

-- Small things of which there is one: the gid counter, the key that signs offsets.
CREATE TABLE IF NOT EXISTS setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS user_by_email ON record (lower(json_extract(CAST(document AS TEXT), '$.email'))) WHERE kind = 'user';

-- Jobs that are not at their end, to be gone on with when the server starts.
CREATE INDEX IF NOT EXISTS job_unfinished ON record (gid)
    WHERE kind = 'job' AND json_extract(CAST(document AS TEXT), '$.status') = 'in_progress';

-- Exports whose file is still there, to be removed some day.
CREATE INDEX IF NOT EXISTS export_kept ON record (gid)
    WHERE kind IN ('graph_export', 'export_request', 'organization_export')
      AND json_extract(CAST(document AS TEXT), '$.file') IS NOT NULL;

-- Apps that act in users' names, what users allowed them, and what the apps hold for it. Consents are never reused.
CREATE TABLE IF NOT EXISTS app (
    id         INTEGER PRIMARY KEY,
    client     TEXT NOT NULL UNIQUE,
    secret     BLOB,                       -- SHA-256; NULL for an app that cannot keep a secret
    name       TEXT NOT NULL,
    redirects  TEXT NOT NULL,              -- the addresses that users may be sent back to, one a line
    created_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS consent (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    app        INTEGER NOT NULL,
    user       INTEGER NOT NULL,
    created_at TEXT    NOT NULL
);

CREATE TABLE IF NOT EXISTS voucher (
    digest     BLOB    NOT NULL PRIMARY KEY,  -- SHA-256 of the code or token, which itself is never stored
    consent    INTEGER NOT NULL,
    what       TEXT    NOT NULL,              -- code, access or refresh
    scope      TEXT    NOT NULL,
    expires_at INTEGER,
    spent      INTEGER NOT NULL DEFAULT 0,
    about      BLOB    NOT NULL
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS voucher_by_consent ON voucher (consent);
CREATE INDEX IF NOT EXISTS voucher_by_expiry ON voucher (expires_at) WHERE expires_at IS NOT NULL;

-- What was answered to requests that came with an idempotency key, so that it can be answered again.
CREATE TABLE IF NOT EXISTS answer (
    name        BLOB    NOT NULL PRIMARY KEY,  -- SHA-256 of who asked and the key, which themselves are never stored
    fingerprint BLOB    NOT NULL,              -- SHA-256 of what was asked
    until       REAL    NOT NULL,              -- seconds since 1970
    status      INTEGER,                       -- NULL: begun, and nobody saw its end
    headers     BLOB,                          -- JSON, pairs of texts
    body        BLOB,
    trusted     INTEGER
);

CREATE INDEX IF NOT EXISTS answer_by_until ON answer (until);

-- What the other parts of a server keep here, each as it likes: the work API looks at none of it.
CREATE TABLE IF NOT EXISTS shelved (
    place    INTEGER PRIMARY KEY AUTOINCREMENT,
    shelf    TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    owner    INTEGER NOT NULL,             -- the user whose it is
    until    REAL,                         -- seconds since 1970; NULL for what stays
    document BLOB    NOT NULL,
    UNIQUE (shelf, name)
);

CREATE INDEX IF NOT EXISTS shelved_by_owner ON shelved (shelf, owner, place);
CREATE INDEX IF NOT EXISTS shelved_by_until ON shelved (until) WHERE until IS NOT NULL;
