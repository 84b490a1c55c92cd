//! What is measured, and how it is printed.

use anyhow::Context as _;
use hyper::header;

use crate::client::{CLIENT, Connection, REDIRECT};
use crate::provider::{Cluster, Provider};
use crate::run::{Arrivals, Run, percentile, run};
use crate::{cpu, crowd};

/// Turns that providers take: what else the machine does falls on all of them.
const TURNS: usize = 5;
/// People who log in.
const PEOPLE: usize = 500;
/// Connections, and logins of one turn over them.
const CLOSED: [(usize, usize); 3] = [(1, 150), (8, 600), (64, 1200)];
const OPEN: (usize, usize) = (64, 1000);

async fn providers() -> anyhow::Result<Vec<Provider>> {
    let mut providers = vec![Provider::sceau(None, PEOPLE).await?];
    match Cluster::from_environment() {
        Some(cluster) => providers.push(Provider::sceau(Some(&cluster), PEOPLE).await?),
        None => println!("no PostgreSQL: SCEAU_BENCH_POSTGRES is not set\n"),
    }
    match Provider::peer() {
        Ok(peer) => providers.push(peer),
        Err(error) => println!("no peer: {error}\n"),
    }
    Ok(providers)
}

/// Latencies and CPU, in turns.
pub async fn comparison() -> anyhow::Result<()> {
    let providers = providers().await?;
    let mut capacity = vec![f64::MAX; providers.len()];
    let mut at_eight: Vec<Vec<f64>> = vec![Vec::new(); providers.len()];
    heading();
    for (connections, logins) in CLOSED {
        let mut runs: Vec<Vec<Run>> = providers.iter().map(|_| Vec::new()).collect();
        for _ in 0..TURNS {
            for (provider, runs) in providers.iter().zip(&mut runs) {
                runs.push(run(provider, connections, logins, Arrivals::Closed).await?);
            }
        }
        for (n, (provider, runs)) in providers.iter().zip(&runs).enumerate() {
            line(provider, &format!("closed, {connections}"), runs);
            capacity[n] = median(runs.iter().map(Run::rate));
            if connections == 8 {
                at_eight[n] = runs.iter().map(Run::per_core).collect();
            }
        }
    }
    let (connections, logins) = OPEN;
    let mut runs: Vec<Vec<Run>> = providers.iter().map(|_| Vec::new()).collect();
    for _ in 0..TURNS {
        for ((provider, runs), capacity) in providers.iter().zip(&mut runs).zip(&capacity) {
            runs.push(run(provider, connections, logins, Arrivals::Open(capacity / 2.0)).await?);
        }
    }
    for (provider, runs) in providers.iter().zip(&runs) {
        line(provider, &format!("open, {connections}, half"), runs);
    }
    println!("\nLoad of the machine at the end: {}", cpu::load());
    let peer = providers.iter().zip(&at_eight).find(|(provider, _)| provider.is_peer());
    if let Some((_, peer)) = peer {
        for (provider, rates) in providers.iter().zip(&at_eight).filter(|(provider, _)| !provider.is_peer()) {
            let ratio = median(rates.iter().zip(peer).map(|(own, peer)| own / peer));
            println!(
                "{}: {ratio:.1} times the peer's rate a core, the median of {TURNS} turns",
                provider.name
            );
        }
    }
    Ok(())
}

fn heading() {
    println!(
        "| provider | loop, connections | CPU of server, ms | of database | of loader | logins/s and core | logins/s \
         | token p50, p95, p99, ms | whole p50, p95, p99, ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
}

fn line(provider: &Provider, arrivals: &str, runs: &[Run]) {
    let of = |value: fn(&Run) -> f64| median(runs.iter().map(value));
    let times = |times: fn(&Run) -> &Vec<std::time::Duration>| {
        [50, 95, 99]
            .map(|p| format!("{:.1}", median(runs.iter().map(|run| percentile(times(run), p)))))
            .join(", ")
    };
    println!(
        "| {} | {arrivals} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {} | {} |",
        provider.name,
        of(Run::server_ms),
        of(Run::database_ms),
        of(Run::loader_ms),
        of(Run::per_core),
        of(Run::rate),
        times(|run| &run.token),
        times(|run| &run.whole),
    );
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How many people log in while the crowd grows.
const FEWEST: u64 = 1_000;

/// Resident memory: of a server that was started, and when 10,000 people have gone to their login page.
pub async fn memory() -> anyhow::Result<()> {
    const WAITING: usize = 10_000;
    println!(
        "| provider | idle, MB | after 1,000 logins | with {WAITING} logins that wait |\n|---|---|---|---|"
    );
    let cluster = Cluster::from_environment();
    for cluster in [None, cluster.as_ref()].into_iter().take(1 + usize::from(cluster.is_some())) {
        let provider = Provider::sceau(cluster, 100).await?;
        let idle = cpu::resident(provider.pid);
        run(&provider, 8, 1000, Arrivals::Closed).await?;
        let busy = cpu::resident(provider.pid);
        let mut connection = Connection::open(&provider.endpoints).await?;
        for n in 0..WAITING {
            let path = format!(
                "/authorize?client_id={CLIENT}&response_type=code&redirect_uri={REDIRECT}&scope=openid+profile\
                 +birth+email&acr_values=eidas2&prompt=login&state={n:064}&nonce={n:064}"
            );
            let answer = connection.send("GET", &path, &[(header::USER_AGENT, "Firefox")], "").await?;
            anyhow::ensure!(answer.status() == 303 && answer.headers().contains_key(header::SET_COOKIE));
        }
        let waiting = cpu::resident(provider.pid);
        println!("| {} | {idle:.0} | {busy:.0} | {waiting:.0} |", provider.name);
    }
    Ok(())
}

/// CPU by the number of identities. `words`: an engine, then sizes, if not all are wanted.
pub async fn curve(words: &[String]) -> anyhow::Result<()> {
    let cluster = Cluster::from_environment();
    let (sqlite, postgres) = (None, cluster.as_ref());
    let (engines, sizes) = match words.split_first() {
        None => ([sqlite, postgres].into_iter().take(1 + usize::from(postgres.is_some())).collect(), words),
        Some((engine, sizes)) => match engine.as_str() {
            "sqlite" => (vec![sqlite], sizes),
            "postgres" => (vec![Some(postgres.context("SCEAU_BENCH_POSTGRES is not set")?)], sizes),
            other => anyhow::bail!("unknown engine: {other}"),
        },
    };
    let sizes: Vec<u64> = match sizes {
        [] => vec![FEWEST, 10_000, 100_000, 1_000_000],
        given => given.iter().map(|size| size.parse()).collect::<Result<_, _>>()?,
    };
    anyhow::ensure!(
        sizes.is_sorted() && sizes.iter().all(|size| *size >= FEWEST),
        "sizes grow, from {FEWEST} on"
    );
    println!(
        "| provider | identities | CPU of server, ms | of database | token p50, p95, ms |\n|---|---|---|---|---|"
    );
    for cluster in engines {
        let provider = Provider::sceau(cluster, FEWEST as usize).await?;
        let mut there = FEWEST;
        for &identities in &sizes {
            crowd::add(&provider, identities - there).await?;
            there = identities;
            let mut runs = Vec::new();
            for _ in 0..TURNS {
                runs.push(run(&provider, 8, 1000, Arrivals::Closed).await?);
            }
            let of = |value: fn(&Run) -> f64| median(runs.iter().map(value));
            let token = |percent| median(runs.iter().map(|run| percentile(&run.token, percent)));
            println!(
                "| {} | {identities} | {:.2} | {:.2} | {:.1}, {:.1} |",
                provider.name,
                of(Run::server_ms),
                of(Run::database_ms),
                token(50),
                token(95),
            );
        }
    }
    Ok(())
}
