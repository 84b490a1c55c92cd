-- When the code was redeemed, until the audit log has its line: the row itself is what the line is written from, so the
-- exchange does not wait for the end of the chain.
ALTER TABLE login ADD COLUMN log_due BIGINT;
CREATE INDEX login_log_due ON login (log_due) WHERE log_due IS NOT NULL;
