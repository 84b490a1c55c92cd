//! `sceau identities`: what an operator may see and do of the register. Nothing here names a person: an identity is called by
//! the random name that logs and support know it by. Each act stands in the audit log and is told to the holder by mail,
//! which the running server sends.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use clock::{Clock as _, SystemClock};
use identity::IdentityState;
use identity::IdentityState::{Active, Blocked, ReviewPending};
use storage::{Affected, AuditEvent, BlockedBy, Database};

use super::serve::system_rng;
use crate::config::{Config, Materials};
use crate::notices::Notice;

/// The command.
#[derive(Args)]
pub(super) struct Identities {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "SCEAU_CONFIG", global = true, default_value = "sceau.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists identities: name, state, day of enrolment, day of last use.
    List {
        /// Only those in this state: review_pending, active, paused, blocked, expired.
        #[arg(long)]
        state: Option<String>,
        /// Only those whose names follow this one.
        #[arg(long, value_name = "ID", default_value = "")]
        after: String,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Shows one: state, level, kinds of documents, phones, and its lines of the audit log.
    Show {
        /// Its name.
        id: String,
    },
    /// Blocks identities. Only an operator can lift it.
    Suspend {
        /// Their names.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Why, for the audit log: a word or a case number, never a name.
        #[arg(long)]
        reason: String,
    },
    /// Lifts the block of an identity.
    Resume {
        /// Its name.
        id: String,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Decides on an enrolment that waits for review.
    Review {
        /// Its name.
        id: String,
        /// The decision.
        #[arg(value_enum)]
        decision: Decision,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Lets phones that wrong PINs suspended try again.
    LiftSuspension {
        /// The identity.
        id: String,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Erases an identity for ever: its attributes, documents, phones and history.
    Erase {
        /// Its name.
        id: String,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
        /// Say that you mean it.
        #[arg(long, required = true)]
        for_ever: bool,
    },
    /// Lists the identities that stand on something compromised.
    AffectedBy(AffectedBy),
}

#[derive(Clone, Copy, ValueEnum)]
enum Decision {
    Accept,
    Refuse,
}

#[derive(Args)]
struct AffectedBy {
    /// SHA-256 of a document signer's certificate, in hexadecimal.
    #[arg(long, value_name = "SHA256", required_unless_present_any = ["csca", "document"])]
    dsc: Option<String>,
    /// SHA-256 of a CSCA certificate, in hexadecimal.
    #[arg(long, value_name = "SHA256", conflicts_with = "dsc")]
    csca: Option<String>,
    /// A document: its code and issuing State as in the MRZ, and its number, `P:UTO:L898902C3`.
    #[arg(long, value_name = "CODE:STATE:NUMBER", conflicts_with_all = ["dsc", "csca"])]
    document: Option<String>,
    /// Block them too, for this reason.
    #[arg(long, value_name = "REASON")]
    suspend: Option<String>,
}

impl Identities {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::load(&self.config, std::env::vars())?;
        let materials = Materials::read(&config, SystemClock.now())?;
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let address = materials.database.expose();
            let database = Database::connect(address, materials.storage_keys, system_rng()).await?;
            self.command.run(&Register { database }).await
        })
    }
}

impl Command {
    async fn run(self, register: &Register) -> anyhow::Result<ExitCode> {
        match self {
            Self::List { state, after, limit } => register.list(state.as_deref(), &after, limit).await?,
            Self::Show { id } => register.show(&id).await?,
            Self::Suspend { ids, reason } => {
                let mut all = true;
                for id in ids {
                    all &= register.suspend(&id, &reason).await?;
                }
                return Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            Self::Resume { id, reason } => {
                register.act(&id, (Blocked, Active), "identity.resumed", Notice::Unblocked, &reason).await?;
            }
            Self::Review { id, decision, reason } => register.review(&id, decision, &reason).await?,
            Self::LiftSuspension { id, reason } => register.lift(&id, &reason).await?,
            Self::Erase { id, reason, for_ever: _ } => register.erase(&id, &reason).await?,
            Self::AffectedBy(what) => register.affected_by(what).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

struct Register {
    database: Database,
}

impl Register {
    async fn list(&self, state: Option<&str>, after: &str, limit: i64) -> anyhow::Result<()> {
        let by_name = |name: &str| IdentityState::ALL.into_iter().find(|state| state.as_str() == name);
        let state = state.map(|name| by_name(name).with_context(|| format!("no state is called {name}")));
        for one in self.database.identities(state.transpose()?, after, limit.clamp(1, 10_000)).await? {
            let (enrolled, used) = (one.enrolled_at.to_string(), one.used_at.to_string());
            println!("{} {:<14} {} {}", one.id, one.state.as_str(), day(&enrolled), day(&used));
        }
        Ok(())
    }

    async fn show(&self, id: &str) -> anyhow::Result<()> {
        let (database, now) = (&self.database, SystemClock.now());
        let account =
            database.load_account(id).await?.with_context(|| format!("no identity is called {id}"))?;
        let level = account.level(now).map_or("none", |level| level.as_str());
        println!("identity   {id}\nstate      {}\nlevel      {level}", account.state.as_str());
        if let Some(by) = database.blocked_by(id).await? {
            println!("blocked by {}", if by == BlockedBy::Holder { "its holder" } else { "an operator" });
        }
        println!("enrolled   {}\nused       {}", account.enrolled_at, account.used_at);
        for document in database.documents_of(id).await? {
            let (code, state, signer) = (document.code, document.issuing_state, hex::encode(document.dsc));
            println!("document   {code} {state}, signer {signer}");
        }
        let mut lines = database.audit_lines_of(id).await?;
        for device in database.devices_of(id).await? {
            let state = match (device.active, device.suspended) {
                (false, _) => "removed",
                (true, true) => "suspended",
                (true, false) => "active",
            };
            println!("phone      {} {state}, since {}", device.id, device.created_at);
            lines.extend(database.audit_lines_of(&device.id).await?);
        }
        lines.sort_by_key(|line| line.sequence);
        for line in lines {
            println!("log        {} {} {}", line.at, line.event.code, line.event.detail);
        }
        Ok(())
    }

    /// Blocks one; says so if it cannot be.
    async fn suspend(&self, id: &str, reason: &str) -> anyhow::Result<bool> {
        let Some(account) = self.database.load_account(id).await? else {
            println!("{id} unknown");
            return Ok(false);
        };
        if account.state == Blocked && self.database.blocked_by(id).await? == Some(BlockedBy::Operator) {
            println!("{id} blocked before");
            return Ok(true);
        }
        let notice = Notice::Blocked { by_operator: true };
        match self.act(id, (account.state, Blocked), "identity.suspended", notice, reason).await {
            Ok(()) => Ok(true),
            Err(error) => {
                println!("{id} {error}");
                Ok(false)
            }
        }
    }

    async fn review(&self, id: &str, decision: Decision, reason: &str) -> anyhow::Result<()> {
        let (to, accepted) = match decision {
            Decision::Accept => (Active, true),
            Decision::Refuse => (Blocked, false),
        };
        let code = if accepted { "review.accepted" } else { "review.refused" };
        self.act(id, (ReviewPending, to), code, Notice::Reviewed { accepted }, reason).await
    }

    /// Changes the state, tells the holder, and prints what was done.
    async fn act(
        &self,
        id: &str,
        states: (IdentityState, IdentityState),
        code: &str,
        notice: Notice<'_>,
        reason: &str,
    ) -> anyhow::Result<()> {
        let (database, now) = (&self.database, SystemClock.now());
        let account =
            database.load_account(id).await?.with_context(|| format!("no identity is called {id}"))?;
        let mails = vec![notice.to(account.pivot.email(), now)];
        if !database.change_state(id, states, BlockedBy::Operator, code, mails, now).await? {
            bail!("is {}, which does not become {}", account.state.as_str(), states.1.as_str());
        }
        database.audit(AuditEvent::new("operator.reason", id, reason), now).await?;
        println!("{id} {}", states.1.as_str());
        Ok(())
    }

    async fn lift(&self, id: &str, reason: &str) -> anyhow::Result<()> {
        let (database, now) = (&self.database, SystemClock.now());
        let account =
            database.load_account(id).await?.with_context(|| format!("no identity is called {id}"))?;
        database.lift_suspension(id).await?;
        database.add_mail(Notice::SuspensionLifted.to(account.pivot.email(), now), now).await?;
        database.audit(AuditEvent::new("device.suspension-lifted", id, reason), now).await?;
        println!("{id} phones may try again");
        Ok(())
    }

    async fn erase(&self, id: &str, reason: &str) -> anyhow::Result<()> {
        let (database, now) = (&self.database, SystemClock.now());
        let account =
            database.load_account(id).await?.with_context(|| format!("no identity is called {id}"))?;
        let mails = vec![Notice::Erased.to(account.pivot.email(), now)];
        if !database.erase_identity(id, mails, now).await? {
            bail!("{id} was erased before");
        }
        database.audit(AuditEvent::new("operator.reason", id, reason), now).await?;
        println!("{id} erased");
        Ok(())
    }

    async fn affected_by(&self, what: AffectedBy) -> anyhow::Result<()> {
        let affected = match (&what.dsc, &what.csca, &what.document) {
            (Some(dsc), ..) => Affected::Dsc(fingerprint(dsc)?),
            (_, Some(csca), _) => Affected::Csca(fingerprint(csca)?),
            (.., document) => document_of(document.as_deref().unwrap_or_default())?,
        };
        for id in self.database.affected_by(&affected).await? {
            match &what.suspend {
                Some(reason) => drop(self.suspend(&id, reason).await?),
                None => println!("{id}"),
            }
        }
        Ok(())
    }
}

/// The day of an RFC 3339 time.
fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

fn fingerprint(text: &str) -> anyhow::Result<[u8; 32]> {
    let bytes = hex::decode(text.replace(':', "")).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.with_context(|| format!("{text} is not a SHA-256 in hexadecimal"))
}

fn document_of(text: &str) -> anyhow::Result<Affected> {
    let parts: Vec<&str> = text.split(':').collect();
    let [code, issuing_state, number] = parts.as_slice() else {
        bail!("{text} is not CODE:STATE:NUMBER");
    };
    let owned = |text: &&str| (*text).to_ascii_uppercase();
    Ok(Affected::Document { code: owned(code), issuing_state: owned(issuing_state), number: owned(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compromised_is_read_or_told_apart() {
        assert!(fingerprint(&"AB:".repeat(32)).is_ok());
        assert!(fingerprint("abcd").is_err() && fingerprint(&"zz".repeat(32)).is_err());
        let document = document_of("p:uto:l898902c3").unwrap();
        let expected =
            Affected::Document { code: "P".into(), issuing_state: "UTO".into(), number: "L898902C3".into() };
        assert_eq!(document, expected);
        assert!(document_of("L898902C3").is_err());
    }
}
