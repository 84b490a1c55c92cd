-- The citizen's account: sessions of our own pages, changes that wait for a confirmation, mail that waits to be sent.

-- A session of a browser in which a login to our own pages ended. It counts as long as its phone and identity do.
CREATE TABLE session (
    token_hash BLOB NOT NULL PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    level TEXT NOT NULL,
    authenticated_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_identity ON session (identity_id);
CREATE INDEX session_expiry ON session (expires_at);

-- A change of an account that waits: for the code that was mailed, then for the phone or at once. `sealed` says what.
CREATE TABLE account_change (
    id TEXT NOT NULL PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    code_key BLOB,
    tries INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX account_change_identity ON account_change (identity_id);
CREATE INDEX account_change_expiry ON account_change (expires_at);

-- Mail to be sent, written with what it tells of. `due_at` is the next try, and while one is under way the end of its
-- lease; `tries` tells whose lease it is.
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    tries INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at);

-- Who blocked it: 1 its holder, 2 an operator.
ALTER TABLE identity ADD COLUMN blocked_by INTEGER;
