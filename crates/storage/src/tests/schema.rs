//! Both engines take every statement, and both schemas are one.

use sqlx::{Executor as _, Row as _, SqlSafeStr as _};

use super::{postgres, sqlite};
use crate::login::{backchannel, redemption};
use crate::{
    account, attempt, audit, change, contact, desk, device, enrolment, face, login, outbox, pushed, register,
    request, reseal, seal, session, sso, token, trace, usage,
};

/// Every statement of the room, by module.
#[rustfmt::skip]
const STATEMENTS: &[(&str, &str, &[&str])] = &[
    ("account", include_str!("../account.rs"), &[
        account::REVOKE_DEVICES, account::DOCUMENT_KNOWN, account::LOAD, account::USED, account::SET_STATE,
        account::BY_RECOVERY, account::BY_DSC, account::BY_CSCA, account::BY_NUMBER, account::DOCUMENTS,
        account::CONNECTIONS, account::DEVICES, account::CONSENTS, account::DUE, account::ERASE_IDENTITY,
        account::DELETE_DOCUMENTS, account::DELETE_CONSENTS, account::DELETE_DEVICES, account::DELETE_CONNECTIONS,
    ]),
    ("attempt", include_str!("../attempt.rs"), &[attempt::CLOSE_OPEN, attempt::OPEN, attempt::CLOSE, attempt::STATE]),
    ("audit", include_str!("../audit.rs"), &[
        audit::LOCK_HEAD, audit::APPEND, audit::SET_HEAD, audit::HEAD, audit::LINES, audit::LINES_OF,
    ]),
    ("change", include_str!("../change.rs"), &[
        change::ADD, change::FIND, change::TRY, change::TAKE, change::DELETE_EXPIRED, change::DELETE_OF, change::SET_PIVOT,
        change::SET_STATE, change::END_SESSIONS, change::BLOCKED_BY,
    ]),
    ("contact", include_str!("../contact.rs"), &[contact::SEND, contact::TRY, contact::VERIFIED, contact::STATE]),
    ("desk", include_str!("../desk.rs"), &[
        desk::SHOW, desk::TRY, desk::USED, desk::VIEW, desk::DECIDE, desk::AGREED,
    ]),
    ("device", include_str!("../device.rs"), &[
        device::LOAD, device::TAKE_SEQUENCE, device::LAST, device::ANSWER, device::COUNT_PIN, device::PIN_RIGHT,
        device::LIFT, device::REVOKE,
    ]),
    ("enrolment", include_str!("../enrolment.rs"), &[
        enrolment::OPEN, enrolment::EXTEND, enrolment::LOAD, enrolment::EVIDENCE, enrolment::GROW, enrolment::APPEND,
        enrolment::ERASE_KIND, enrolment::COUNT_FACE, enrolment::CLOSE,
        enrolment::DELETE_EVIDENCE, enrolment::DELETE_REQUESTS, enrolment::DELETE_ATTEMPTS, enrolment::DELETE_CODE,
        enrolment::DELETE_DESK_CODE,
        enrolment::DELETE_EXPIRED,
    ]),
    ("face", include_str!("../face.rs"), &[face::TAKE, face::DELETE_EXPIRED]),
    ("login", include_str!("../login.rs"), &[
        login::CREATE, login::COUNT, login::PENDING, login::LOAD, login::BY_HANDLE, login::OF_DEVICE, login::CLAIM, login::RECHALLENGE,
        login::APPROVE, login::REFUSE, login::RELEASE, login::ISSUE, login::CANCEL, login::CHANGE_REQUEST, login::DELETE_EXPIRED,
        login::CONNECT,
    ]),
    ("login/redemption", include_str!("../login/redemption.rs"), &[
        redemption::REDEEM, redemption::REVOKE, redemption::REVOKED, redemption::USERINFO, redemption::TAKE_DUE,
    ]),
    ("login/backchannel", include_str!("../login/backchannel.rs"), &[
        backchannel::PERSON, backchannel::WAITS, backchannel::ASK, backchannel::OF_PERSON, backchannel::COUNT_NUMBER,
        backchannel::POLLED, backchannel::POLL, backchannel::REDEEM_ASKED, backchannel::STOP, backchannel::STOPPED,
    ]),
    ("outbox", include_str!("../outbox.rs"), &[
        outbox::ADD, outbox::CLAIM, outbox::SENT, outbox::RETRY, outbox::STATE,
    ]),
    ("register", include_str!("../register.rs"), &[register::LIST]),
    ("reseal", include_str!("../reseal.rs"), &[
        reseal::IDENTITIES, reseal::DOCUMENTS, reseal::PIN_KEYS, reseal::RESPONSES, reseal::CONNECTIONS, reseal::MAILS,
        reseal::SET_IDENTITY, reseal::SET_DOCUMENT, reseal::SET_PIN_KEY, reseal::SET_RESPONSE, reseal::SET_CONNECTION,
        reseal::SET_MAIL,
    ]),
    ("pushed", include_str!("../pushed.rs"), &[pushed::PUSH, pushed::LOAD, pushed::TAKE, pushed::DELETE_EXPIRED]),
    ("request", include_str!("../request.rs"), &[
        request::REQUEST, request::COUNT_REQUESTS, request::TAKE_SEQUENCE, request::ADD_REQUEST, request::ANSWER,
    ]),
    ("seal", include_str!("../seal.rs"), &[
        seal::LOCK_SEALS, seal::CLOSE_ENROLMENT, seal::IS_OPEN, seal::ADD_DOCUMENT, seal::FIND_DOCUMENT, seal::REPLACE_DOCUMENT,
        seal::FIND_PERSON, seal::ADD_IDENTITY, seal::LOCK_IDENTITY, seal::REPLACE_IDENTITY, seal::ADD_DEVICE,
        seal::ADD_CONSENT,
    ]),
    ("session", include_str!("../session.rs"), &[
        session::ENTER, session::OPEN, session::LOAD, session::TOUCH, session::END, session::DELETE_EXPIRED,
    ]),
    ("trace", include_str!("../trace.rs"), &[trace::ADD, trace::LIST, trace::LOAD, trace::DELETE_EXPIRED]),
    ("sso", include_str!("../sso.rs"), &[sso::KEEP, sso::LOAD, sso::DROP, sso::DELETE_OF, sso::DELETE_EXPIRED, sso::BEGIN]),
    ("token", include_str!("../token.rs"), &[token::STATE, token::REVOKE]),
    ("usage", include_str!("../usage.rs"), &[
        usage::COUNT, usage::DELETE_COUNTS, usage::ASSERTION, usage::DELETE_ASSERTIONS,
    ]),
];

#[test]
fn the_list_of_statements_is_whole() {
    for (module, source, statements) in STATEMENTS {
        assert_eq!(source.matches("pub(crate) const ").count(), statements.len(), "{module}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_prepares_on_sqlite() {
    let db = sqlite().await;
    let pool = sqlx::SqlitePool::connect(&db.address).await.unwrap();
    for statement in STATEMENTS.iter().flat_map(|(.., statements)| *statements) {
        let prepared = pool.prepare(statement.into_sql_str()).await;
        assert!(prepared.is_ok(), "{statement}: {:?}", prepared.err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_prepares_on_postgresql() {
    let Some(db) = postgres().await else { return };
    let pool = sqlx::PgPool::connect(&db.address).await.unwrap();
    for statement in STATEMENTS.iter().flat_map(|(.., statements)| *statements) {
        let prepared = pool.prepare(statement.into_sql_str()).await;
        assert!(prepared.is_ok(), "{statement}: {:?}", prepared.err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_schemas_have_the_same_columns() {
    let Some(db) = postgres().await else { return };
    let pool = sqlx::PgPool::connect(&db.address).await.unwrap();
    let columns = "SELECT table_name::text, column_name::text, data_type::text, is_nullable::text, \
         COALESCE(collation_name::text, '') FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";
    let row = |row: &sqlx::postgres::PgRow| -> [String; 5] { std::array::from_fn(|n| row.get(n)) };
    let postgres: Vec<_> = sqlx::query(columns).fetch_all(&pool).await.unwrap().iter().map(row).collect();
    assert!(postgres.iter().filter(|c| c[2] == "text").all(|c| c[4] == "C"), "text is compared by its bytes");
    let kind = |name: &str| match name {
        "bigint" => "INTEGER",
        "bytea" => "BLOB",
        "text" => "TEXT",
        _ => "another",
    };
    let mut postgres: Vec<_> = postgres
        .into_iter()
        .map(|[table, column, data_type, null, _]| (table, column, kind(&data_type).to_owned(), null == "NO"))
        .collect();

    let db = sqlite().await;
    let pool = sqlx::SqlitePool::connect(&db.address).await.unwrap();
    let columns = "SELECT t.name, c.name, c.type, c.\"notnull\" FROM sqlite_master t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'";
    let mut sqlite: Vec<(String, String, String, bool)> =
        sqlx::query_as(columns).fetch_all(&pool).await.unwrap();
    postgres.sort();
    sqlite.sort();
    assert!(sqlite.len() > 80);
    assert_eq!(postgres, sqlite);
}
