-- Times are seconds since 1970, booleans 0 or 1. `sealed` is AES-256-GCM under keys that the database never holds;
-- `*_key` is a keyed hash (HMAC-SHA-256) under such a key; `*_hash` is the SHA-256 of a random secret.

CREATE TABLE enrolment (
    id TEXT NOT NULL PRIMARY KEY,
    bearer_hash BLOB NOT NULL,
    challenge BLOB NOT NULL,
    state INTEGER NOT NULL,
    address_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    request_sequence INTEGER NOT NULL,
    evidence_count INTEGER NOT NULL,
    evidence_digest BLOB NOT NULL,
    chip_answers INTEGER NOT NULL,
    face_answers INTEGER NOT NULL
) STRICT;
CREATE INDEX enrolment_expiry ON enrolment (expires_at);

-- One row a piece of evidence, chained by its digest; an erased piece keeps its digest only.
CREATE TABLE enrolment_evidence (
    enrolment_id TEXT NOT NULL REFERENCES enrolment (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    sealed BLOB,
    PRIMARY KEY (enrolment_id, sequence)
) STRICT;

-- Answers kept for repeats of the same bytes.
CREATE TABLE enrolment_request (
    enrolment_id TEXT NOT NULL REFERENCES enrolment (id) ON DELETE CASCADE,
    idempotency_key BLOB NOT NULL,
    request_digest BLOB NOT NULL,
    sealed BLOB,
    PRIMARY KEY (enrolment_id, idempotency_key)
) STRICT;

CREATE TABLE chip_attempt (
    id TEXT NOT NULL PRIMARY KEY,
    enrolment_id TEXT NOT NULL REFERENCES enrolment (id) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE INDEX chip_attempt_enrolment ON chip_attempt (enrolment_id);

CREATE TABLE contact_code (
    enrolment_id TEXT NOT NULL PRIMARY KEY REFERENCES enrolment (id) ON DELETE CASCADE,
    code_key BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    verified_at INTEGER
) STRICT;

CREATE TABLE identity (
    id TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    version INTEGER NOT NULL,
    sealed BLOB,
    person_key BLOB NOT NULL,
    recovery_key BLOB NOT NULL,
    enrolled_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX identity_person ON identity (person_key);
CREATE UNIQUE INDEX identity_recovery ON identity (recovery_key);

CREATE TABLE document (
    id TEXT NOT NULL PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identity (id) DEFERRABLE INITIALLY DEFERRED,
    active INTEGER NOT NULL,
    version INTEGER NOT NULL,
    number_key BLOB NOT NULL,
    dsc BLOB NOT NULL,
    csca BLOB NOT NULL,
    sealed BLOB,
    created_at INTEGER NOT NULL
) STRICT;
-- Of two enrolments of one document one account results.
CREATE UNIQUE INDEX document_active ON document (number_key) WHERE active = 1;
CREATE INDEX document_identity ON document (identity_id);
CREATE INDEX document_dsc ON document (dsc);
CREATE INDEX document_csca ON document (csca);

CREATE TABLE device (
    id TEXT NOT NULL PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identity (id),
    active INTEGER NOT NULL,
    device_key BLOB NOT NULL,
    sealed_pin_key BLOB,
    pin_failures INTEGER NOT NULL,
    request_sequence INTEGER NOT NULL,
    request_digest BLOB,
    sealed_response BLOB,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX device_identity ON device (identity_id);

CREATE TABLE consent (
    identity_id TEXT NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    text_digest BLOB NOT NULL,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (identity_id, name, version)
) STRICT;

-- One row of at most 1 KB holds a login from the page to the claims.
CREATE TABLE login (
    id TEXT NOT NULL PRIMARY KEY,
    state INTEGER NOT NULL,
    kind INTEGER,
    client_id TEXT NOT NULL,
    link_handle_hash BLOB NOT NULL UNIQUE,
    qr_handle_hash BLOB NOT NULL UNIQUE,
    browser_hash BLOB NOT NULL,
    request BLOB NOT NULL,
    context BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    device_id TEXT,
    identity_id TEXT,
    challenge BLOB,
    challenge_expires_at INTEGER,
    answer BLOB,
    release_key BLOB,
    release_tries INTEGER NOT NULL,
    code_hash BLOB UNIQUE,
    code_expires_at INTEGER,
    token_hash BLOB UNIQUE,
    token_expires_at INTEGER
) STRICT;
CREATE INDEX login_expiry ON login (expires_at);
CREATE INDEX login_device ON login (device_id);

CREATE TABLE client_assertion (
    client_id TEXT NOT NULL,
    assertion_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, assertion_hash)
) STRICT;
CREATE INDEX client_assertion_expiry ON client_assertion (expires_at);

-- The person's own history of connections.
CREATE TABLE connection (
    id TEXT NOT NULL PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identity (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX connection_identity ON connection (identity_id, at);

CREATE TABLE usage_count (
    scope INTEGER NOT NULL,
    subject_key BLOB NOT NULL,
    since INTEGER NOT NULL,
    count INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (scope, subject_key, since)
) STRICT;
CREATE INDEX usage_count_expiry ON usage_count (expires_at);

-- Append-only; each line's hash covers the line before. The head is the one row that is updated.
CREATE TABLE audit_log (
    sequence INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE TABLE audit_head (
    id INTEGER NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, x'');

-- One row: seals take their turn on it.
CREATE TABLE seal_lock (
    id INTEGER NOT NULL PRIMARY KEY
) STRICT;
INSERT INTO seal_lock (id) VALUES (1);
