//! The end of an identity's term: its holder is told thirty days before, then it expires, then it is erased. Who uses it, or
//! enrols the document again, keeps it.

use clock::UnixTime;
use identity::IdentityState;
use identity::IdentityState::{Active, Expired, Paused};
use identity::account::{AFTER_TERM, IDLE_TERM, REMINDER, TERM};
use storage::{Account, BlockedBy, Scope};

use crate::AppState;
use crate::notices::Notice;

/// Identities looked at together.
const BATCH: i64 = 500;
/// A reminder is sent once in this time, in seconds.
const ONCE: i64 = 365 * 86_400;

/// Reminds, expires and erases, once.
///
/// # Errors
/// Trouble of the storage.
pub async fn once(state: &AppState) -> Result<(), storage::Error> {
    for act in [Act::Erase, Act::Expire, Act::Remind] {
        each(state, act).await?;
    }
    state.news.notify_one();
    Ok(())
}

#[derive(Clone, Copy)]
enum Act {
    Remind,
    Expire,
    Erase,
}

impl Act {
    /// In which states, and how many seconds after the end of the term.
    fn due(self) -> ([IdentityState; 2], i64) {
        match self {
            Self::Remind => ([Active, Paused], -REMINDER),
            Self::Expire => ([Active, Paused], 0),
            Self::Erase => ([Expired; 2], AFTER_TERM),
        }
    }
}

/// Does it with each identity that is due.
async fn each(state: &AppState, act: Act) -> Result<(), storage::Error> {
    let (now, (states, ago)) = (state.now(), act.due());
    let (idle, term) = (now.plus(-IDLE_TERM - ago), now.plus(-TERM - ago));
    let mut after = String::new();
    loop {
        let due = state.database.identities_due(states, idle, term, &after, BATCH).await?;
        let Some(last) = due.last() else { return Ok(()) };
        after.clone_from(last);
        for id in due {
            // Who was seen a moment ago may have come back since.
            let account = state.database.load_account(&id).await?;
            let due = |a: &Account| states.contains(&a.state) && (a.used_at < idle || a.enrolled_at < term);
            if let Some(account) = account.filter(due) {
                match act {
                    Act::Remind => remind(state, account, now).await?,
                    Act::Expire => expire(state, account, now).await?,
                    Act::Erase => erase(state, account, now).await?,
                }
            }
        }
    }
}

async fn remind(state: &AppState, account: Account, now: UnixTime) -> Result<(), storage::Error> {
    let (scope, id) = (Scope::ReminderByIdentity, account.identity_id.as_bytes());
    if state.database.count_use(scope, id, ONCE, 1, now).await? {
        let idle = now.since(account.used_at) > IDLE_TERM - REMINDER;
        state.database.add_mail(Notice::ExpiresSoon { idle }.to(account.pivot.email(), now), now).await?;
    }
    Ok(())
}

async fn expire(state: &AppState, account: Account, now: UnixTime) -> Result<(), storage::Error> {
    let mails = vec![Notice::Expired.to(account.pivot.email(), now)];
    let states = (account.state, Expired);
    let (id, by) = (&account.identity_id, BlockedBy::Operator);
    state.database.change_state(id, states, by, "identity.expired", mails, now).await.map(drop)
}

async fn erase(state: &AppState, account: Account, now: UnixTime) -> Result<(), storage::Error> {
    let mails = vec![Notice::Erased.to(account.pivot.email(), now)];
    state.database.erase_identity(&account.identity_id, mails, now).await.map(drop)
}
