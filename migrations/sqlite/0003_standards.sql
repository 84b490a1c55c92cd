-- What the standards beyond the broker's contract keep. A token of a login is bound to a key of its client (RFC 9449: its
-- thumbprint) or to none, and reads the claims once or as often as it is sent. The last poll, the wrong binding numbers:
-- of logins that reached a phone unasked (CIBA), whose kind is 3.
ALTER TABLE login ADD COLUMN token_key BLOB;
ALTER TABLE login ADD COLUMN token_reusable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE login ADD COLUMN polled_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE login ADD COLUMN binding_tries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX login_identity ON login (identity_id);

-- A browser in which a person logged in to a client may come back; `answer` is what she approved.
CREATE TABLE sso_session (
    secret_hash BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    identity_id TEXT NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    device_id TEXT NOT NULL,
    answer BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sso_session_expiry ON sso_session (expires_at);
CREATE INDEX sso_session_identity ON sso_session (identity_id);

-- Requests that clients pushed (RFC 9126), until their code is issued.
CREATE TABLE pushed_request (
    uri_hash BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    request BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX pushed_request_expiry ON pushed_request (expires_at);
