//! Mail that waits to be sent. A notice is written in the transaction of what it tells of, so none is lost on a crash; who
//! claims it holds a lease, so no two servers send it at once. A server that dies between sending and noting it sends it
//! again, with the same name: the recipient's mail program shows it once (RFC 5322, 3.6.4).

use clock::UnixTime;
use serde::{Deserialize, Serialize};

use crate::engine::{read, statement};
use crate::keys::{Table, Vault};
use crate::{Database, Error};

/// How long a server may take over one mail, in seconds: longer than it waits for the mail server.
const LEASE: i64 = 120;
/// Seconds to the next try, by the tries before; after the last the mail is given up.
const PAUSES: [i64; 8] = [30, 120, 600, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600];

pub(crate) const ADD: &str =
    "INSERT INTO outbox (id, sealed, created_at, due_at, tries) VALUES ($1, $2, $3, $3, 0)";
// The condition stands in the outer WHERE too: two servers that saw the same row do not both get it.
pub(crate) const CLAIM: &str = "UPDATE outbox SET due_at = $2, tries = tries + 1 \
     WHERE id = (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1) AND due_at <= $1 \
     RETURNING id, tries, sealed";
pub(crate) const SENT: &str = "DELETE FROM outbox WHERE id = $1 AND tries = $2 RETURNING id";
pub(crate) const RETRY: &str = "UPDATE outbox SET due_at = $3 WHERE id = $1 AND tries = $2 RETURNING id";
pub(crate) const STATE: &str =
    "SELECT COUNT(*), COUNT(CASE WHEN tries > 0 THEN 1 END), MIN(created_at), MIN(due_at) FROM outbox";

/// A mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The recipient's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail(..)")
    }
}

/// A mail that this server may send now, and nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedMail {
    /// Its name: the same at each try.
    pub id: String,
    /// The number of this try, from 1.
    pub tries: i64,
    /// The mail.
    pub mail: Mail,
}

/// What became of a mail that was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// It is tried again at this time.
    Later(UnixTime),
    /// It was tried for the last time.
    GivenUp,
}

/// What waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxState {
    /// Mails.
    pub waiting: i64,
    /// Of these, those that were tried before, or are on their way just now.
    pub tried: i64,
    /// When the oldest was written.
    pub oldest: Option<UnixTime>,
    /// When the next is due.
    pub next: Option<UnixTime>,
}

/// Adds mails inside a transaction.
macro_rules! append_mail {
    ($c:ident, $vault:expr, $at:expr, $mails:expr) => {{
        for (id, sealed) in $crate::outbox::sealed(&$vault, $mails)? {
            let query = sqlx::query($crate::outbox::ADD).bind(id).bind(sealed).bind($at.0);
            query.execute(&mut *$c).await?;
        }
    }};
}
pub(crate) use append_mail;

/// The rows of mails: a name and a sealed content each.
pub(crate) fn sealed(vault: &Vault, mails: Vec<Mail>) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let seal = |mail: Mail| {
        let (id, content) =
            (vault.random_id(), serde_json::to_vec(&mail).map_err(|_| Error::Sealed("mail"))?);
        let sealed = vault.seal(Table::Mail, &id, 0, &content);
        Ok((id, sealed))
    };
    mails.into_iter().map(seal).collect()
}

impl Database {
    /// Adds a mail that tells of nothing else that is written.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn add_mail(&self, mail: Mail, now: UnixTime) -> Result<(), Error> {
        let vault = self.vault.clone();
        statement!(self, |c| {
            append_mail!(c, vault, now, vec![mail]);
            Ok(())
        })
    }

    /// Claims the mail that has been due longest.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn claim_mail(&self, now: UnixTime) -> Result<Option<ClaimedMail>, Error> {
        let row: Option<(String, i64, Vec<u8>)> = statement!(self, |c| {
            Ok(sqlx::query_as(CLAIM).bind(now.0).bind(now.0 + LEASE).fetch_optional(&mut *c).await?)
        })?;
        let Some((id, tries, sealed)) = row else { return Ok(None) };
        let content = self.vault.open(Table::Mail, &id, 0, &sealed)?;
        let mail = serde_json::from_slice(&content).map_err(|_| Error::Sealed("mail"))?;
        Ok(Some(ClaimedMail { id, tries, mail }))
    }

    /// A claimed mail was sent: it is deleted. `false`: its lease had ended, and another server has it.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn mail_sent(&self, claimed: &ClaimedMail) -> Result<bool, Error> {
        let (id, tries) = (claimed.id.clone(), claimed.tries);
        statement!(self, |c| {
            Ok(sqlx::query(SENT).bind(id).bind(tries).fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// A claimed mail was not sent: it is tried again later, or given up and deleted. `forever`: the mail server refused it
    /// for good.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn mail_failed(
        &self,
        claimed: &ClaimedMail,
        forever: bool,
        now: UnixTime,
    ) -> Result<Unsent, Error> {
        let pause = usize::try_from(claimed.tries - 1).ok().and_then(|at| PAUSES.get(at));
        let Some(pause) = pause.filter(|_| !forever) else {
            self.mail_sent(claimed).await?;
            return Ok(Unsent::GivenUp);
        };
        let (id, tries, due) = (claimed.id.clone(), claimed.tries, now.plus(*pause));
        statement!(self, |c| {
            sqlx::query(RETRY).bind(id).bind(tries).bind(due.0).fetch_optional(&mut *c).await?;
            Ok(Unsent::Later(due))
        })
    }

    /// What waits.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn outbox_state(&self) -> Result<OutboxState, Error> {
        let row: (i64, i64, Option<i64>, Option<i64>) =
            read!(self, |c| { Ok(sqlx::query_as(STATE).fetch_one(&mut *c).await?) })?;
        let (waiting, tried, oldest, next) = row;
        Ok(OutboxState { waiting, tried, oldest: oldest.map(UnixTime), next: next.map(UnixTime) })
    }
}
