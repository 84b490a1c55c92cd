//! Closed and open loops: who waits for whom.
//!
//! In a closed loop each connection begins a login when its last one is done, so a slow provider is asked less. In an open
//! loop logins arrive when they arrive (a Poisson process), and each is timed from its arrival: waiting for a free
//! connection counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use tokio::sync::Mutex;

use crate::client::{Answers, Connection, Times};
use crate::cpu;
use crate::provider::Provider;

/// What a run cost.
pub struct Run {
    pub logins: usize,
    pub elapsed: Duration,
    pub server: Duration,
    pub database: Duration,
    pub loader: Duration,
    /// Of each login, sorted.
    pub token: Vec<Duration>,
    pub whole: Vec<Duration>,
}

impl Run {
    /// CPU of the server for a login, in milliseconds.
    pub fn server_ms(&self) -> f64 {
        self.server.as_secs_f64() * 1e3 / self.logins as f64
    }

    pub fn database_ms(&self) -> f64 {
        self.database.as_secs_f64() * 1e3 / self.logins as f64
    }

    pub fn loader_ms(&self) -> f64 {
        self.loader.as_secs_f64() * 1e3 / self.logins as f64
    }

    /// Logins in a second of one core's time.
    pub fn per_core(&self) -> f64 {
        1e3 / self.server_ms()
    }

    /// Logins in a second by the clock on the wall.
    pub fn rate(&self) -> f64 {
        self.logins as f64 / self.elapsed.as_secs_f64()
    }
}

/// A percentile of sorted times, in milliseconds.
pub fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

/// How logins arrive.
#[derive(Clone, Copy)]
pub enum Arrivals {
    Closed,
    /// So many in a second, on average.
    Open(f64),
}

/// `logins` back channels over `connections`. Codes are made before the clocks start.
pub async fn run(
    provider: &Provider,
    connections: usize,
    logins: usize,
    arrivals: Arrivals,
) -> anyhow::Result<Run> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(&provider.endpoints).await?);
    }
    // One login that is not counted: caches of a fresh provider, and a look at what it answers.
    let mut codes = provider.codes(logins + 1).await?;
    let first = codes.pop().context("no code")?;
    let (_, answers) = open[0].back_channel(&first).await?;
    answers.check(&provider.client_key)?;

    let offsets = match arrivals {
        Arrivals::Closed => vec![Duration::ZERO; logins],
        Arrivals::Open(rate) => poisson(rate, logins),
    };
    let queue = Arc::new(Mutex::new(codes.into_iter().zip(offsets)));
    let pid = std::process::id();
    let before = (cpu::time(provider.pid), provider.database_time(), cpu::time(pid));
    let started = Instant::now();
    let mut workers = Vec::new();
    for connection in open {
        workers.push(tokio::spawn(work(connection, queue.clone(), started, arrivals)));
    }
    let mut times = Vec::new();
    let mut last = None;
    for worker in workers {
        let (done, answers) = worker.await??;
        times.extend(done);
        last = answers.or(last);
    }
    let elapsed = started.elapsed();
    let server = cpu::time(provider.pid) - before.0;
    let database = provider.database_time() - before.1;
    let loader = cpu::time(pid) - before.2;
    last.context("no login was done")?.check(&provider.client_key)?;
    let sorted = |of: fn(&Times) -> Duration| {
        let mut all: Vec<_> = times.iter().map(of).collect();
        all.sort_unstable();
        all
    };
    let (token, whole) = (sorted(|t| t.token), sorted(|t| t.whole));
    Ok(Run { logins, elapsed, server, database, loader, token, whole })
}

type Queue = Arc<Mutex<std::iter::Zip<std::vec::IntoIter<String>, std::vec::IntoIter<Duration>>>>;

/// One connection: takes the next login, waits for its arrival, plays it.
async fn work(
    mut connection: Connection,
    queue: Queue,
    started: Instant,
    arrivals: Arrivals,
) -> anyhow::Result<(Vec<Times>, Option<Answers>)> {
    let (mut times, mut last) = (Vec::new(), None);
    loop {
        let next = queue.lock().await.next();
        let Some((code, offset)) = next else { return Ok((times, last)) };
        let arrival = started + offset;
        let open = matches!(arrivals, Arrivals::Open(_));
        if open {
            tokio::time::sleep_until(arrival.into()).await;
        }
        // What the login waited for a connection belongs to its first step; the token's own time is the broker's.
        let late = if open { arrival.elapsed() } else { Duration::ZERO };
        let (mut time, answers) = connection.back_channel(&code).await?;
        time.whole += late;
        time.token += late;
        times.push(time);
        last = Some(answers);
    }
}

/// Times of arrival: independent, `rate` a second on average.
fn poisson(rate: f64, count: usize) -> Vec<Duration> {
    let mut rng = ChaCha20Rng::seed_from_u64(64);
    let mut at = 0.0;
    let mut next = || {
        let uniform = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        at -= (1.0 - uniform).ln() / rate;
        Duration::from_secs_f64(at)
    };
    (0..count).map(|_| next()).collect()
}
