-- What an app did with a chip that could not be read: commands without their data. Sent by people who were asked; tied to
-- no enrolment.
CREATE TABLE trace (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    received_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    events BYTEA NOT NULL
);
CREATE INDEX trace_expiry ON trace (expires_at);
