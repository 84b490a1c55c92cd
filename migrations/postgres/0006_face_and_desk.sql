-- The signed results of face engines that counted: each counts once.
CREATE TABLE face_result (
    engine_id TEXT COLLATE "C" NOT NULL,
    result_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (engine_id, result_hash)
);
CREATE INDEX face_result_expiry ON face_result (expires_at);

-- The code that a phone shows at a desk.
CREATE TABLE desk_code (
    enrolment_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES enrolment (id) ON DELETE CASCADE,
    code_key BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    shown BIGINT NOT NULL
);

-- An agent who saw the portrait of an enrolment, once, and what she decided.
CREATE TABLE desk_view (
    enrolment_id TEXT COLLATE "C" NOT NULL REFERENCES enrolment (id) ON DELETE CASCADE,
    agent_id TEXT COLLATE "C" NOT NULL,
    viewed_at BIGINT NOT NULL,
    decision BIGINT,
    decided_at BIGINT,
    PRIMARY KEY (enrolment_id, agent_id)
);
