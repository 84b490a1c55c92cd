//! The back channel of a login under load (docs/performance.md): 3 times the metadata, twice the keys, a token exchange, the
//! claims; both tokens ES256 in RSA-OAEP-256 and A256GCM. `scripts/back-channel` starts what it needs.
//!
//! ```text
//! scripts/back-channel            latencies, CPU, and the peer
//! scripts/back-channel floors     signatures, encryptions and requests alone
//! scripts/back-channel memory     resident memory, idle and with 10,000 logins that wait
//! scripts/back-channel curve      CPU by the number of identities, 10^3 to 10^6
//! ```
#![allow(clippy::print_stdout, reason = "its output are tables")]

mod client;
mod cpu;
mod crowd;
mod floors;
mod people;
mod provider;
mod run;
mod tables;

fn main() -> anyhow::Result<()> {
    let what = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match what.as_deref() {
            None => tables::comparison().await,
            Some("floors") => floors::print().await,
            Some("memory") => tables::memory().await,
            Some("curve") => tables::curve().await,
            Some(other) => anyhow::bail!("unknown: {other}"),
        }
    })
}
