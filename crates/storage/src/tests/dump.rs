//! A stolen copy of the database tells nothing of a person.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use identity::EvidenceKind;
use lds::FileId;
use sqlx::Row as _;

use super::account::sealed;
use super::{NOW, TestDatabase, opened, postgres, sqlite};
use crate::{NewEvidence, NewLogin};

const PORTRAIT: &[u8] = b"\xff\xd8\xff\xe0 the portrait of Anna";
const MRZ: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";

/// An enrolment on its way, a sealed one, and a login.
async fn fill(db: &TestDatabase) -> Vec<Vec<u8>> {
    let enrolment = opened(db, "open").await;
    let pieces = vec![
        NewEvidence::new(EvidenceKind::File(FileId::Dg(1)), MRZ),
        NewEvidence::new(EvidenceKind::File(FileId::Dg(2)), PORTRAIT),
        NewEvidence::new(EvidenceKind::Contact, "anna.eriksson@example.org"),
    ];
    db.append_evidence(&enrolment, pieces, NOW).await.unwrap();
    db.accept_request(&enrolment, 1, "k", &[1; 32], NOW).await.unwrap();
    db.store_response("open", b"bearer-open", "k", &[1; 32], b"birthplace 75107").await.unwrap();
    db.send_contact_code("open", "anna.eriksson@example.org", "493817", NOW.plus(9), 3).await.unwrap();
    opened(db, "done").await;
    let stored = db.seal_enrolment(&sealed("done", "L898902C3", "d"), NOW).await.unwrap();
    let login = NewLogin {
        id: "l".into(),
        client_id: "fc".into(),
        link_handle: b"the link handle".to_vec(),
        qr_handle: b"the QR handle".to_vec(),
        browser_secret: b"the browser secret".to_vec(),
        request: b"request".to_vec(),
        context: b"context".to_vec(),
        created_at: NOW,
        expires_at: NOW.plus(480),
    };
    db.create_login(login, 9).await.unwrap();
    db.claim_login(b"the QR handle", "d", &stored.identity_id, b"c", NOW.plus(60), NOW).await.unwrap();
    let claimed = db.load_login("l").await.unwrap().unwrap();
    db.approve_login(&claimed, b"answer", b"271828", b"history of Anna", NOW).await.unwrap();
    let browser = b"the browser secret";
    db.release_login("l", browser, identity::LoginKind::Qr, b"271828", NOW).await.unwrap();
    db.issue_code("l", browser, b"the code", NOW).await.unwrap();
    db.redeem_code(b"the code", "fc", crate::NewToken::once(b"the token"), NOW).await.unwrap();

    let texts = [
        "ERIKSSON",
        "Eriksson",
        "eriksson",
        "ANNA",
        "Dubois",
        "1974-08-12",
        "740812",
        "75107",
        "L898902C3",
        "2030-04-15",
        "example.org",
        "history of",
        "493817",
        "271828",
        "bearer-",
        "the PIN key",
        "the link handle",
        "the QR handle",
        "the browser secret",
        "the code",
        "the token",
        MRZ,
    ];
    let mut secrets: Vec<Vec<u8>> = texts.iter().map(|t| t.as_bytes().to_vec()).collect();
    secrets.push(PORTRAIT.to_vec());
    secrets.push(stored.recovery_code.into_bytes());
    secrets
}

/// Fails if the dump holds a secret, or its base64 or hexadecimal form.
fn search(dump: &[u8], secrets: &[Vec<u8>]) {
    let holds = |needle: &[u8]| dump.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"fc"), "this is the dump");
    for secret in secrets {
        // The first and last groups of base64 depend on neighbours; without them three shifts cover every position.
        let shifted =
            |n: usize| secret.get(n..secret.len() - (secret.len() - n) % 3).unwrap_or_default().to_vec();
        let mut forms =
            vec![secret.clone(), hex::encode(secret).into_bytes(), hex::encode_upper(secret).into_bytes()];
        for part in [shifted(0), shifted(1), shifted(2)] {
            forms.push(BASE64_STANDARD_NO_PAD.encode(&part).into_bytes());
            forms.push(BASE64_URL_SAFE_NO_PAD.encode(&part).into_bytes());
        }
        for form in forms.iter().filter(|form| form.len() >= 4) {
            assert!(!holds(form), "the dump holds {:?}", String::from_utf8_lossy(form));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_sqlite_tell_nothing() {
    let db = sqlite().await;
    let secrets = fill(&db).await;
    let mut dump = Vec::new();
    for entry in std::fs::read_dir(db.folder.path()).unwrap() {
        dump.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    search(&dump, &secrets);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_postgresql_tells_nothing() {
    let Some(db) = postgres().await else { return };
    let secrets = fill(&db).await;
    let pool = sqlx::PgPool::connect(&db.address).await.unwrap();
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    let mut dump = Vec::new();
    for table in sqlx::query(tables).fetch_all(&pool).await.unwrap() {
        let table: String = table.get(0);
        let rows = format!("SELECT row_to_json(t)::text, t::text FROM {table} t");
        for row in sqlx::query(sqlx::AssertSqlSafe(rows)).fetch_all(&pool).await.unwrap() {
            dump.extend(row.get::<String, _>(0).into_bytes());
            dump.extend(row.get::<String, _>(1).into_bytes());
        }
        let raw = format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' AND data_type = 'bytea'"
        );
        for column in sqlx::query(sqlx::AssertSqlSafe(raw)).fetch_all(&pool).await.unwrap() {
            let column: String = column.get(0);
            let values = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
            for value in sqlx::query(sqlx::AssertSqlSafe(values)).fetch_all(&pool).await.unwrap() {
                dump.extend(value.get::<Vec<u8>, _>(0));
            }
        }
    }
    search(&dump, &secrets);
}
