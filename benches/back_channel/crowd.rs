//! A crowd of identities who do not log in: rows as big as real ones, in tables and indexes that grow.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::provider::Provider;

/// Rows in one transaction.
const BATCH: u64 = 50_000;

/// Statements that add rows, for either engine once `BLOB(bytes)` and `NAME` stand for random values of its own.
const ROWS: [&str; 3] = [
    "INSERT INTO identity (id, subject, state, version, sealed, person_key, recovery_key, enrolled_at, used_at) \
     SELECT NAME, NAME, 2, 1, BLOB(600), BLOB(32), BLOB(32), 1780000000, 1780000000 FROM numbers",
    "INSERT INTO document (id, identity_id, active, version, number_key, dsc, csca, sealed, created_at) \
     SELECT NAME, NAME, 1, 1, BLOB(32), BLOB(32), BLOB(32), BLOB(300), 1780000000 FROM numbers",
    "INSERT INTO device (id, identity_id, active, device_key, sealed_pin_key, pin_failures, request_sequence, created_at) \
     SELECT NAME, NAME, 1, BLOB(65), BLOB(93), 0, 0, 1780000000 FROM numbers",
];

/// Adds `count` of them.
pub async fn add(provider: &Provider, count: u64) -> anyhow::Result<()> {
    if let Some(url) = &provider.database {
        let mut connection = sqlx::PgConnection::connect(url).await?;
        // The crowd's documents and phones belong to nobody.
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off").await?;
        let blob = "decode(substr(repeat(md5(random()::text), BYTES / 16 + 1), 1, BYTES * 2), 'hex')";
        for statement in statements(count, "md5(random()::text)", blob) {
            connection.execute(AssertSqlSafe(statement)).await?;
        }
        connection.execute("VACUUM ANALYZE").await?;
        return Ok(connection.close().await?);
    }
    let url = format!("sqlite:{}", provider.folder.path().join("sceau.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await?;
    connection
        .execute("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000")
        .await?;
    for statement in statements(count, "lower(hex(randomblob(16)))", "randomblob(BYTES)") {
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(connection.close().await?)
}

fn statements(count: u64, name: &str, blob: &str) -> Vec<String> {
    let batches = (0..count).step_by(BATCH as usize).map(|from| BATCH.min(count - from));
    let of_batch = |rows: u64| {
        ROWS.map(|statement| {
            let statement = statement.replace("NAME", name);
            let filled = statement.split("BLOB(").enumerate().map(|(n, part)| match part.split_once(')') {
                Some((bytes, rest)) if n > 0 => blob.replace("BYTES", bytes) + rest,
                _ => part.to_owned(),
            });
            format!(
                "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) {}",
                filled.collect::<String>()
            )
        })
    };
    batches.flat_map(of_batch).collect()
}
