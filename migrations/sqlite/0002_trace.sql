-- What an app did with a chip that could not be read: commands without their data. Sent by people who were asked; tied to
-- no enrolment.
CREATE TABLE trace (
    id TEXT NOT NULL PRIMARY KEY,
    received_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    events BLOB NOT NULL
) STRICT;
CREATE INDEX trace_expiry ON trace (expires_at);
