//! The token endpoint and client authentication (RFC 6749, 2.3, 3.2, 5.2; RFC 7523; RFC 7636; OpenID Connect Core, 9).

use super::Change::{Again, Set, Text, Without};
use super::*;
use oidc::ASSERTION_TYPE;
use serde_json::{Value, json};

/// Never one of ours.
const NO_CODE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

type Line = (&'static str, &'static str, &'static [Change<'static>], u16, &'static str);

#[rustfmt::skip]
const TABLE: &[Line] = &[
    ("TK-001", "6749 5.2: a code that was never ours", &[], 400, "invalid_grant"),
    ("TK-002", "6749 4.1.3", &[Without("grant_type")], 400, "invalid_request"),
    ("TK-003", "6749 5.2", &[Set("grant_type", "refresh_token")], 400, "unsupported_grant_type"),
    ("TK-004", "9700 2.4: no resource owner password", &[Set("grant_type", "password")], 400, "unsupported_grant_type"),
    ("TK-005", "6749 4.4", &[Set("grant_type", "client_credentials")], 400, "unsupported_grant_type"),
    ("TK-006", "7523 2.1", &[Set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")], 400, "unsupported_grant_type"),
    ("TK-007", "8628", &[Set("grant_type", "urn:ietf:params:oauth:grant-type:device_code")], 400, "unsupported_grant_type"),
    ("TK-008", "CIBA 10.1: not for this client", &[Set("grant_type", "urn:openid:params:grant-type:ciba"), Set("auth_req_id", "x")], 400, "unauthorized_client"),
    ("TK-009", "6749 4.1.3", &[Without("code")], 400, "invalid_request"),
    ("TK-010", "6749 5.2", &[Set("code", "x")], 400, "invalid_grant"),
    ("TK-011", "6749 3.2: case matters", &[Set("grant_type", "Authorization_code")], 400, "unsupported_grant_type"),
    ("TK-020", "6749 3.2: no parameter twice", &[Again("code", "x")], 400, "invalid_request"),
    ("TK-021", "6749 3.2", &[Again("grant_type", "authorization_code")], 400, "invalid_request"),
    ("TK-022", "6749 3.2", &[Again("client_id", "broker")], 400, "invalid_request"),
    ("TK-023", "6749 3.2", &[Again("client_secret", "x")], 400, "invalid_request"),
    ("TK-024", "6749 3.2", &[Set("foo", "1"), Again("foo", "1")], 400, "invalid_request"),
    ("TK-025", "6749 3.2: unrecognized parameters are ignored", &[Set("foo", "1")], 400, "invalid_grant"),
    ("TK-026", "bounds", &[Text("&x=%zz")], 400, "invalid_request"),
    ("TK-027", "bounds", &[Text("&code_verifier=%00")], 400, "invalid_request"),
    ("TK-030", "6749 2.3", &[Without("client_secret")], 401, "invalid_client"),
    ("TK-031", "6749 2.3", &[Without("client_id")], 401, "invalid_client"),
    ("TK-032", "6749 5.2", &[Set("client_id", "nobody")], 401, "invalid_client"),
    ("TK-038", "our own pages are no client", &[Set("client_id", "sceau")], 401, "invalid_client"),
    ("TK-033", "6749 5.2", &[Set("client_secret", "wrong")], 401, "invalid_client"),
    ("TK-034", "6749 5.2", &[Set("client_secret", "")], 401, "invalid_client"),
    ("TK-035", "Core 9: registered for the header", &[Set("client_id", "basic")], 401, "invalid_client"),
    ("TK-036", "Core 9: registered for a key", &[Set("client_id", "signing")], 401, "invalid_client"),
    ("TK-037", "6749 5.2", &[Set("client_secret", "A secret of forty characters, for tests!")], 401, "invalid_client"),
    ("TK-040", "7521 4.2", &[Set("client_assertion", "a.b.c")], 400, "invalid_request"),
    ("TK-041", "7521 4.2", &[Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")], 400, "invalid_request"),
    ("TK-042", "6749 2.3: one way, not two", &[Set("client_assertion", "a.b.c"), Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")], 400, "invalid_request"),
    ("TK-043", "7522 2.2", &[Without("client_secret"), Set("client_assertion", "x"), Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")], 400, "invalid_request"),
];

/// RFC 6749, 5.2: JSON with a code, never kept, and nothing that repeats a secret.
fn refused(page: &Page, status: u16, error: &str) -> Result<(), String> {
    is("status", page.status, status)?;
    is("error", page.json()["error"].as_str(), Some(error))?;
    is("content-type", header(page, "content-type"), "application/json")?;
    is("cache-control", header(page, "cache-control"), "no-store")?;
    if page.body.contains("secret of forty") { Err("the secret came back".into()) } else { Ok(()) }
}

#[test]
fn every_form_is_refused_as_its_line_says() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, mut report) = (bench(folder.path()), Report::default());
    for (id, source, changes, status, error) in TABLE {
        let page = Raw::form("/token", form(NO_CODE, changes)).send(&bench);
        report.check(id, source, refused(&page, *status, error));
    }
    let good = form(NO_CODE, &[]);
    let mut other_kind = Raw::form("/token", good.clone());
    other_kind.headers = vec![("content-type", "application/json".into())];
    report.check("TK-050", "6749 4.1.3", refused(&other_kind.send(&bench), 400, "invalid_request"));
    other_kind.headers.clear();
    report.check("TK-051", "6749 4.1.3", refused(&other_kind.send(&bench), 400, "invalid_request"));
    let charset = ("content-type", "application/x-www-form-urlencoded; charset=UTF-8".to_owned());
    other_kind.headers = vec![charset];
    report.check("TK-052", "6749 appendix B", refused(&other_kind.send(&bench), 400, "invalid_grant"));
    let long = Raw::form("/token", form(NO_CODE, &[Set("x", &"x".repeat(9000))])).send(&bench);
    report.check("TK-053", "bounds", refused(&long, 400, "invalid_request"));
    let query = Raw::form(&format!("/token?{good}"), "").send(&bench);
    report.check("TK-054", "6749 2.3.1: never in the URI", refused(&query, 400, "invalid_request"));
    for (id, method) in [("TK-055", "GET"), ("TK-056", "PUT"), ("TK-057", "DELETE"), ("TK-058", "PATCH")] {
        let page = Raw { method, ..Raw::get(format!("/token?{good}")) }.send(&bench);
        report.check(id, "6749 3.2: POST", is("status", page.status, 405));
    }
    report.end(35);
}

/// RFC 6749, 2.3.1 and 5.2; RFC 7617.
#[test]
fn every_header_is_judged_as_its_line_says() {
    use base64::Engine as _;
    let folder = tempfile::tempdir().unwrap();
    let (bench, mut report) = (bench(folder.path()), Report::default());
    let basic = |id: &str, secret: &str| {
        let pair = format!("{}:{}", encode(id), encode(secret));
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair))
    };
    let bare = form(NO_CODE, &[Without("client_id"), Without("client_secret")]);
    let named = form(NO_CODE, &[Set("client_id", BASIC), Without("client_secret")]);
    let other = form(NO_CODE, &[Without("client_secret")]);
    let both = form(NO_CODE, &[Set("client_id", BASIC)]);
    #[rustfmt::skip]
    let lines = [
        ("CA-001", &bare, basic(BASIC, SECRET), 400, "invalid_grant"),
        ("CA-002", &named, basic(BASIC, SECRET), 400, "invalid_grant"),
        ("CA-003", &other, basic(BASIC, SECRET), 401, "invalid_client"),
        ("CA-004", &both, basic(BASIC, SECRET), 400, "invalid_request"),
        ("CA-005", &bare, basic(BASIC, "wrong"), 401, "invalid_client"),
        ("CA-006", &bare, basic("nobody", SECRET), 401, "invalid_client"),
        ("CA-007", &bare, basic(CLIENT, SECRET), 401, "invalid_client"),
        ("CA-008", &bare, basic(BASIC, ""), 401, "invalid_client"),
        ("CA-009", &bare, "Basic".into(), 401, "invalid_client"),
        ("CA-010", &bare, "Basic !!!!".into(), 401, "invalid_client"),
        ("CA-011", &bare, "Bearer x".into(), 401, "invalid_client"),
        ("CA-012", &bare, "Digest username=\"basic\"".into(), 401, "invalid_client"),
        ("CA-013", &bare, basic(BASIC, SECRET).replace("Basic", "bAsIc"), 400, "invalid_grant"),
    ];
    for (id, form, authorization, status, error) in lines {
        let page = Raw::form("/token", form.clone()).with("authorization", authorization).send(&bench);
        let challenged = status != 401 || header(&page, "www-authenticate").starts_with("Basic realm=");
        let outcome = refused(&page, status, error).and_then(|()| is("challenge", challenged, true));
        report.check(id, "6749 2.3.1, 5.2", outcome);
    }
    report.end(13);
}

/// RFC 7523, 3; OpenID Connect Core, 9; RFC 8725.
#[test]
fn every_assertion_is_judged_as_its_line_says() {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
    let folder = tempfile::tempdir().unwrap();
    let (bench, mut report) = (bench(folder.path()), Report::default());
    let (issuer, now) = (bench.url.clone(), bench.now().0);
    let claims = |jti: &str| json!({"iss": SIGNING, "sub": SIGNING, "aud": issuer, "exp": now + 60, "iat": now, "jti": jti});
    let send = |assertion: &str, client: Option<&str>| {
        let mut changes = vec![Without("client_id"), Without("client_secret")];
        changes.extend(client.map(|client| Set("client_id", client)));
        changes.extend([Set("client_assertion_type", ASSERTION_TYPE), Set("client_assertion", assertion)]);
        Raw::form("/token", form(NO_CODE, &changes)).send(&bench)
    };
    let sign = |claims: &Value| jose::sign(&client_key(1), None, claims);
    // Each has a name of its own, so that no line is refused for the one before it.
    let names = std::cell::Cell::new(0);
    let with = |member: &str, value: Value| {
        names.set(names.get() + 1);
        let mut claims = claims(&format!("name {}", names.get()));
        claims[member] = value;
        sign(&claims)
    };
    let part = |value: Value| B64.encode(value.to_string());
    let unsigned = |alg: &str| format!("{}.{}.", part(json!({"alg": alg})), part(claims("none")));
    let hmac = {
        // The public key as if it were a shared secret (RFC 8725, 2.1).
        let public = serde_json::to_string(&client_key(1).jwk()).unwrap();
        let input = format!("{}.{}", part(json!({"alg": "HS256"})), part(claims("hmac")));
        format!("{input}.{}", B64.encode(crypto::hmac_sha256(public.as_bytes(), input.as_bytes())))
    };
    let embedded = {
        // A key of the attacker's own in the header (RFC 8725, 3.5).
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(7));
        let jwk = SigningKey::new(key.clone()).unwrap().jwk();
        let input = format!("{}.{}", part(json!({"alg": "ES256", "jwk": jwk})), part(claims("jwk")));
        let signature = key.sign(crypto::HashAlgorithm::Sha256, input.as_bytes()).to_plain(Curve::P256);
        format!("{input}.{}", B64.encode(signature))
    };
    let flipped = {
        let good = sign(&claims("flipped"));
        let (input, signature) = good.rsplit_once('.').unwrap();
        let mut bytes = B64.decode(signature).unwrap();
        bytes[0] ^= 1;
        format!("{input}.{}", B64.encode(bytes))
    };
    const OK: &str = "invalid_grant";
    const NO: &str = "invalid_client";
    #[rustfmt::skip]
    let lines: Vec<(&'static str, &str, String, &str)> = vec![
        ("CA-101", "7523 3", sign(&claims("1")), OK),
        ("CA-102", "7523 3 (7): once", sign(&claims("1")), NO),
        ("CA-103", "7523 3 (1)", with("iss", json!("other")), NO),
        ("CA-104", "7523 3 (2)", with("sub", json!("other")), NO),
        ("CA-105", "7523 3 (2): missing", with("sub", Value::Null), NO),
        ("CA-106", "7523 3 (3)", with("aud", json!("https://evil.example")), NO),
        ("CA-107", "7523 3 (3): missing", with("aud", Value::Null), NO),
        ("CA-108", "Core 9: the token endpoint", with("aud", json!(format!("{issuer}/token"))), OK),
        ("CA-109", "7519 4.1.3: a list of ours", with("aud", json!([issuer])), OK),
        ("CA-110", "9700 4.4: an audience beside ours", with("aud", json!([issuer, "https://evil.example"])), NO),
        ("CA-111", "7523 3 (4)", with("exp", json!(now)), NO),
        ("CA-112", "7523 3 (4): missing", with("exp", Value::Null), NO),
        ("CA-113", "7523 3 (4): unreasonably far", with("exp", json!(now + 86_400)), NO),
        ("CA-114", "7523 3 (5)", with("nbf", json!(now + 120)), NO),
        ("CA-115", "FAPI2: 8 seconds ahead", with("nbf", json!(now + 8)), OK),
        ("CA-116", "7523 3 (6)", with("iat", json!(now + 120)), NO),
        ("CA-117", "Core 9: jti is required", with("jti", Value::Null), NO),
        ("CA-118", "bounds", with("jti", json!("j".repeat(300))), NO),
        ("CA-119", "7519 2: NumericDate", with("exp", json!("tomorrow")), NO),
        ("CA-120", "8725 3.1: alg none", unsigned("none"), NO),
        ("CA-121", "8725 3.1", unsigned("NonE"), NO),
        ("CA-122", "8725 2.1: HMAC with the public key", hmac, NO),
        ("CA-123", "8725 3.5: key in the header", embedded, NO),
        ("CA-124", "7523 3 (9): another's key", jose::sign(&client_key(2), None, &claims("key")), NO),
        ("CA-125", "7523 3 (9)", flipped, NO),
        ("CA-126", "7515", "a.b.c".into(), NO),
        ("CA-127", "7515", "x".into(), NO),
        ("CA-128", "7516: encrypted", "a.b.c.d.e".into(), NO),
        ("CA-129", "7519 2: whole and fraction", with("exp", json!(now as f64 + 59.5)), OK),
    ];
    for (id, source, assertion, error) in lines {
        let page = send(&assertion, Some(SIGNING));
        let status = if error == NO { 401 } else { 400 };
        report.check(id, source, refused(&page, status, error));
    }
    report.check("CA-130", "7521 4.2", refused(&send(&sign(&claims("a")), None), 400, OK));
    report.check("CA-131", "7521 4.2", refused(&send(&sign(&claims("b")), Some(CLIENT)), 401, NO));
    let other = json!({"iss": CLIENT, "sub": CLIENT, "aud": issuer, "exp": now + 60, "jti": "c"});
    report.check(
        "CA-132",
        "Core 9: for a client with a secret",
        refused(&send(&sign(&other), None), 401, NO),
    );
    report.end(32);
}
