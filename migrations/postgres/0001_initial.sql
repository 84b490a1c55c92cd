-- Times are seconds since 1970, booleans 0 or 1. `sealed` is AES-256-GCM under keys that the database never holds;
-- `*_key` is a keyed hash (HMAC-SHA-256) under such a key; `*_hash` is the SHA-256 of a random secret.

CREATE TABLE enrolment (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bearer_hash BYTEA NOT NULL,
    challenge BYTEA NOT NULL,
    state BIGINT NOT NULL,
    address_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    request_sequence BIGINT NOT NULL,
    evidence_count BIGINT NOT NULL,
    evidence_digest BYTEA NOT NULL,
    chip_answers BIGINT NOT NULL,
    face_answers BIGINT NOT NULL
);
CREATE INDEX enrolment_expiry ON enrolment (expires_at);

-- One row a piece of evidence, chained by its digest; an erased piece keeps its digest only.
CREATE TABLE enrolment_evidence (
    enrolment_id TEXT COLLATE "C" NOT NULL REFERENCES enrolment (id) ON DELETE CASCADE,
    sequence BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    sealed BYTEA,
    PRIMARY KEY (enrolment_id, sequence)
);

-- Answers kept for repeats of the same bytes.
CREATE TABLE enrolment_request (
    enrolment_id TEXT COLLATE "C" NOT NULL REFERENCES enrolment (id) ON DELETE CASCADE,
    idempotency_key BYTEA NOT NULL,
    request_digest BYTEA NOT NULL,
    sealed BYTEA,
    PRIMARY KEY (enrolment_id, idempotency_key)
);

CREATE TABLE chip_attempt (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    enrolment_id TEXT COLLATE "C" NOT NULL REFERENCES enrolment (id) ON DELETE CASCADE,
    kind BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX chip_attempt_enrolment ON chip_attempt (enrolment_id);

CREATE TABLE contact_code (
    enrolment_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES enrolment (id) ON DELETE CASCADE,
    code_key BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    verified_at BIGINT
);

CREATE TABLE identity (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    subject TEXT COLLATE "C" NOT NULL UNIQUE,
    state BIGINT NOT NULL,
    version BIGINT NOT NULL,
    sealed BYTEA,
    person_key BYTEA NOT NULL,
    recovery_key BYTEA NOT NULL,
    enrolled_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX identity_person ON identity (person_key);
CREATE UNIQUE INDEX identity_recovery ON identity (recovery_key);

CREATE TABLE document (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    identity_id TEXT COLLATE "C" NOT NULL REFERENCES identity (id) DEFERRABLE INITIALLY DEFERRED,
    active BIGINT NOT NULL,
    version BIGINT NOT NULL,
    number_key BYTEA NOT NULL,
    dsc BYTEA NOT NULL,
    csca BYTEA NOT NULL,
    sealed BYTEA,
    created_at BIGINT NOT NULL
);
-- Of two enrolments of one document one account results.
CREATE UNIQUE INDEX document_active ON document (number_key) WHERE active = 1;
CREATE INDEX document_identity ON document (identity_id);
CREATE INDEX document_dsc ON document (dsc);
CREATE INDEX document_csca ON document (csca);

CREATE TABLE device (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    identity_id TEXT COLLATE "C" NOT NULL REFERENCES identity (id),
    active BIGINT NOT NULL,
    device_key BYTEA NOT NULL,
    sealed_pin_key BYTEA,
    pin_failures BIGINT NOT NULL,
    request_sequence BIGINT NOT NULL,
    request_digest BYTEA,
    sealed_response BYTEA,
    created_at BIGINT NOT NULL
);
CREATE INDEX device_identity ON device (identity_id);

CREATE TABLE consent (
    identity_id TEXT COLLATE "C" NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    text_digest BYTEA NOT NULL,
    given_at BIGINT NOT NULL,
    PRIMARY KEY (identity_id, name, version)
);

-- One row of at most 1 KB holds a login from the page to the claims.
CREATE TABLE login (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    state BIGINT NOT NULL,
    kind BIGINT,
    client_id TEXT COLLATE "C" NOT NULL,
    link_handle_hash BYTEA NOT NULL UNIQUE,
    qr_handle_hash BYTEA NOT NULL UNIQUE,
    browser_hash BYTEA NOT NULL,
    request BYTEA NOT NULL,
    context BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    device_id TEXT COLLATE "C",
    identity_id TEXT COLLATE "C",
    challenge BYTEA,
    challenge_expires_at BIGINT,
    answer BYTEA,
    release_key BYTEA,
    release_tries BIGINT NOT NULL,
    code_hash BYTEA UNIQUE,
    code_expires_at BIGINT,
    token_hash BYTEA UNIQUE,
    token_expires_at BIGINT
);
CREATE INDEX login_expiry ON login (expires_at);
CREATE INDEX login_device ON login (device_id);

CREATE TABLE client_assertion (
    client_id TEXT COLLATE "C" NOT NULL,
    assertion_hash BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, assertion_hash)
);
CREATE INDEX client_assertion_expiry ON client_assertion (expires_at);

-- The person's own history of connections.
CREATE TABLE connection (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    identity_id TEXT COLLATE "C" NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);
CREATE INDEX connection_identity ON connection (identity_id, at);

CREATE TABLE usage_count (
    scope BIGINT NOT NULL,
    subject_key BYTEA NOT NULL,
    since BIGINT NOT NULL,
    count BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (scope, subject_key, since)
);
CREATE INDEX usage_count_expiry ON usage_count (expires_at);

-- Append-only; each line's hash covers the line before. The head is the one row that is updated.
CREATE TABLE audit_log (
    sequence BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL
);
CREATE TABLE audit_head (
    id BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, ''::bytea);

-- One row: seals take their turn on it.
CREATE TABLE seal_lock (
    id BIGINT NOT NULL PRIMARY KEY
);
INSERT INTO seal_lock (id) VALUES (1);
