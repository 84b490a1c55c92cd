//! What a back channel cannot do without, each alone: signatures, encryptions, seven requests.

use std::time::{Duration, Instant};

use crypto::{Curve, EcPrivateKey, HashAlgorithm, PublicKey, RsaPrivateKey};
use jose::{ContentEncryption, EncryptionKey, Jwk, JwkSet, KeyManagement, SigningKey};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::json;
use sqlx::{Connection as _, Executor as _};

use crate::client::Connection;
use crate::cpu;
use crate::provider::Provider;
use crate::run::percentile;
use crate::tables::median;

/// Microseconds of this thread's time for one call, the median of 15 batches.
fn cost(calls: usize, mut call: impl FnMut()) -> f64 {
    let mut batch = || {
        let (before, wall) = (cpu::this_thread(), Instant::now());
        (0..calls).for_each(|_| call());
        // Without a counter of the kernel's the clock on the wall has to do.
        let spent = cpu::this_thread().saturating_sub(before);
        let spent = if spent.is_zero() { wall.elapsed() } else { spent };
        spent.as_secs_f64() * 1e6 / calls as f64
    };
    batch();
    median((0..15).map(|_| batch()))
}

pub async fn print() -> anyhow::Result<()> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let key = EcPrivateKey::generate(Curve::P256, &mut rng);
    let signer = SigningKey::new(key.clone())?;
    let recipient = RsaPrivateKey::generate(2048, &mut rng)?.public_key();
    let jwk = Jwk::for_encryption(&PublicKey::Rsa(recipient.clone()), KeyManagement::RsaOaep256)?;
    let encryption = EncryptionKey::select(&JwkSet::from(vec![jwk]), KeyManagement::RsaOaep256)?;
    let claims =
        json!({"iss": "https://fi.example", "sub": "0".repeat(32), "aud": "broker", "nonce": "0".repeat(64)});
    let input = vec![0; 400];
    println!("| step | µs |\n|---|---|");
    let line = |what: &str, cost: f64| println!("| {what} | {cost:.0} |");
    line("ES256, p256", cost(100, || drop(key.sign(HashAlgorithm::Sha256, &input))));
    line(
        "ES256, ring, with the JSON around it",
        cost(400, || drop(jose::sign(&signer, Some("JWT"), &claims))),
    );
    let oaep = cost(200, || drop(recipient.encrypt_oaep(HashAlgorithm::Sha256, &[7; 32], &mut rng)));
    line("RSA-OAEP-256, 2048 bits", oaep);
    let token = jose::sign(&signer, Some("JWT"), &claims);
    let jwe = cost(200, || drop(encryption.encrypt(ContentEncryption::A256Gcm, &token, &mut rng)));
    line("the encrypted token: RSA-OAEP-256, A256GCM, JSON", jwe);

    let provider = Provider::sceau(None, 1).await?;
    let mut connection = Connection::open(&provider.endpoints).await?;
    let mut costs = Vec::new();
    for _ in 0..15 {
        let before = cpu::time(provider.pid);
        for _ in 0..300 {
            connection.send("GET", "/jwks", &[], "").await?;
        }
        costs.push((cpu::time(provider.pid) - before).as_secs_f64() * 1e6 / 300.0);
    }
    line("a request that is answered from memory, with its line in the log", median(costs.into_iter()));
    let commits = commits(&provider).await?;
    let [p50, p95, p99] = [50, 95, 99].map(|percent| percentile(&commits, percent));
    println!(
        "\nOne durable commit of SQLite on this disk, nothing else asked of it: p50, p95, p99 {p50:.1}, {p95:.1}, {p99:.1} ms"
    );
    Ok(())
}

/// What the disk alone takes: a row of 700 bytes is replaced and made durable, as often as logins come in the open loop.
async fn commits(provider: &Provider) -> anyhow::Result<Vec<Duration>> {
    let url = format!("sqlite:{}?mode=rwc", provider.folder.path().join("disk.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await?;
    connection
        .execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (v BLOB)")
        .await?;
    connection.execute("INSERT INTO t VALUES (randomblob(700))").await?;
    let mut times = Vec::new();
    for _ in 0..2000 {
        let start = Instant::now();
        connection.execute("UPDATE t SET v = randomblob(700)").await?;
        times.push(start.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times.sort();
    Ok(times)
}
