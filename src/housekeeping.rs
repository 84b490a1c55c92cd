//! Deletes what has had its time, writes the audit lines that nobody waits for, and keeps fresh what others change: the
//! clients' keys, the trust store, our own keys.

use std::time::Duration;

use oidc::ApprovedLogin;

use crate::{AppState, expiry};

/// How often.
const EVERY: Duration = Duration::from_secs(30);
/// How often identities are looked at whose term ends: a scan of the table.
const TERMS_EVERY: i64 = 86_400;
/// Rows deleted at once.
const BATCH: i64 = 1000;
/// How long redeemed codes gather before the audit log has their lines: under load they share a transaction.
const GATHER: Duration = Duration::from_millis(250);
/// Audit lines in one transaction.
const LINES: i64 = 64;

/// Cleans up until the task is aborted.
pub async fn run(state: AppState) {
    let mut next = state.now();
    loop {
        if let Err(error) = once(&state).await {
            tracing::error!(%error, "housekeeping");
        }
        if state.now() >= next {
            next = state.now().plus(TERMS_EVERY);
            if let Err(error) = expiry::once(&state).await {
                tracing::error!(%error, "the term of identities");
            }
        }
        let reading = state.clone();
        match tokio::task::spawn_blocking(move || reading.oidc_keys.refresh()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(error, "reading the keys of ID tokens"),
            Err(error) => tracing::error!(%error, "reading the keys of ID tokens"),
        }
        let reading = state.clone();
        // A store of a thousand certificates takes a while to read.
        if let Err(error) = tokio::task::spawn_blocking(move || reading.refresh()).await {
            tracing::error!(%error, "reading the trust store and the keys of engines");
        }
        state.client_keys.refresh(state.now(), EVERY.as_secs().cast_signed()).await;
        tokio::time::sleep(EVERY).await;
    }
}

/// Cleans up once.
///
/// # Errors
/// Trouble of the storage.
pub async fn once(state: &AppState) -> Result<(), storage::Error> {
    let now = state.now();
    log_redemptions(state).await?;
    while state.database.delete_expired_logins(now, BATCH).await? >= BATCH as u64 {}
    while state.database.delete_expired_enrolments(now, BATCH).await? >= BATCH as u64 {}
    while state.database.delete_expired_traces(now, BATCH).await? >= BATCH as u64 {}
    state.database.delete_expired_sessions(now).await?;
    state.database.delete_expired_changes(now).await?;
    state.database.delete_expired_sso_sessions(now).await?;
    state.database.delete_expired_pushed(now).await?;
    state.database.delete_expired_counts(now).await
}

/// Writes the audit lines of redeemed codes soon after each, until the task is aborted. What a process leaves behind, the
/// clean-up of the next one writes.
pub async fn log(state: AppState) {
    loop {
        state.database.wait_for_redemption().await;
        tokio::time::sleep(GATHER).await;
        if let Err(error) = log_redemptions(&state).await {
            tracing::error!(%error, "the audit log");
        }
    }
}

/// Writes those that are due.
///
/// # Errors
/// Trouble of the storage.
pub async fn log_redemptions(state: &AppState) -> Result<(), storage::Error> {
    let level = |answer: &[u8]| {
        ApprovedLogin::from_bytes(answer).map(|approved| approved.acr().to_string()).unwrap_or_default()
    };
    while state.database.log_redemptions(level, LINES).await? >= LINES as usize {}
    Ok(())
}
