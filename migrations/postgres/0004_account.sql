-- The citizen's account: sessions of our own pages, changes that wait for a confirmation, mail that waits to be sent.

-- A session of a browser in which a login to our own pages ended. It counts as long as its phone and identity do.
CREATE TABLE session (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    identity_id TEXT COLLATE "C" NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    device_id TEXT COLLATE "C" NOT NULL,
    level TEXT COLLATE "C" NOT NULL,
    authenticated_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_identity ON session (identity_id);
CREATE INDEX session_expiry ON session (expires_at);

-- A change of an account that waits: for the code that was mailed, then for the phone or at once. `sealed` says what.
CREATE TABLE account_change (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    identity_id TEXT COLLATE "C" NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    code_key BYTEA,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX account_change_identity ON account_change (identity_id);
CREATE INDEX account_change_expiry ON account_change (expires_at);

-- Mail to be sent, written with what it tells of. `due_at` is the next try, and while one is under way the end of its
-- lease; `tries` tells whose lease it is.
CREATE TABLE outbox (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at);

-- Who blocked it: 1 its holder, 2 an operator.
ALTER TABLE identity ADD COLUMN blocked_by BIGINT;
