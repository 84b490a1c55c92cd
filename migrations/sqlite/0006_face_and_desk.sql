-- The signed results of face engines that counted: each counts once.
CREATE TABLE face_result (
    engine_id TEXT NOT NULL,
    result_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (engine_id, result_hash)
) STRICT;
CREATE INDEX face_result_expiry ON face_result (expires_at);

-- The code that a phone shows at a desk.
CREATE TABLE desk_code (
    enrolment_id TEXT NOT NULL PRIMARY KEY REFERENCES enrolment (id) ON DELETE CASCADE,
    code_key BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    shown INTEGER NOT NULL
) STRICT;

-- An agent who saw the portrait of an enrolment, once, and what she decided.
CREATE TABLE desk_view (
    enrolment_id TEXT NOT NULL REFERENCES enrolment (id) ON DELETE CASCADE,
    agent_id TEXT NOT NULL,
    viewed_at INTEGER NOT NULL,
    decision INTEGER,
    decided_at INTEGER,
    PRIMARY KEY (enrolment_id, agent_id)
) STRICT;
