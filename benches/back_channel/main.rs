//! The back channel of a login under load (docs/performance.md): 3 times the metadata, twice the keys, a token exchange, the
//! claims; both tokens ES256 in RSA-OAEP-256 and A256GCM. `scripts/back-channel` starts what it needs.
//!
//! ```text
//! scripts/back-channel            latencies, CPU, and the peer
//! scripts/back-channel floors     signatures, encryptions and requests alone
//! scripts/back-channel memory     resident memory, idle and with 10,000 logins that wait
//! scripts/back-channel curve      CPU by the number of identities, 10^3 to 10^6
//! scripts/back-channel curve postgres 1000 1000000     the same on one engine, at these sizes
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
    let words: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match words.split_first().map(|(what, more)| (what.as_str(), more)) {
            None => tables::comparison().await,
            Some(("floors", [])) => floors::print().await,
            Some(("memory", [])) => tables::memory().await,
            Some(("curve", more)) => tables::curve(more).await,
            Some(_) => anyhow::bail!("unknown: {}", words.join(" ")),
        }
    })
}
