//! Sends the mail that waits (`storage::outbox`): at once when there is news, and again when a try is due.

use std::time::Duration;

use storage::{ClaimedMail, Mail, Unsent};

use crate::AppState;

/// How often it looks, beside being woken: for the tries that are due, and the mail of other servers.
const EVERY: Duration = Duration::from_secs(15);

/// Sends until the task is aborted.
pub async fn run(state: AppState) {
    loop {
        if let Err(error) = deliver(&state).await {
            tracing::error!(%error, "the outbox");
        }
        let _ = tokio::time::timeout(EVERY, state.news.notified()).await;
    }
}

/// Sends every mail that is due now.
///
/// # Errors
/// Trouble of the storage.
pub async fn deliver(state: &AppState) -> Result<(), storage::Error> {
    while let Some(claimed) = state.database.claim_mail(state.now()).await? {
        send(state, &claimed).await?;
    }
    Ok(())
}

async fn send(state: &AppState, claimed: &ClaimedMail) -> Result<(), storage::Error> {
    let Mail { to, subject, text } = &claimed.mail;
    let (mail, tries) = (claimed.id.as_str(), claimed.tries);
    let Err(error) = state.mailer.send(to, subject, text, Some(mail)).await else {
        if !state.database.mail_sent(claimed).await? {
            tracing::warn!(mail, tries, "a mail took longer than its lease and may be sent twice");
        }
        return Ok(());
    };
    match state.database.mail_failed(claimed, error.is_permanent(), state.now()).await? {
        Unsent::Later(_) => tracing::warn!(%error, mail, tries, "notice not sent, it is tried again"),
        Unsent::GivenUp => tracing::error!(%error, mail, tries, "notice not sent, it is given up"),
    }
    Ok(())
}
