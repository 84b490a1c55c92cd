//! What codes and tokens are worth (RFC 6749, 4.1.2, 10.5; RFC 6750; RFC 7636, 4.6; RFC 9700, 4; OpenID Connect Core, 5.3).

use super::Change::{Set, Without};
use super::*;
use crate::common::browser::claims;

fn refused(page: &Page) -> Result<(), String> {
    is("status", page.status, 400)?;
    is("error", page.json()["error"].as_str(), Some("invalid_grant"))
}

fn redeem(bench: &Bench, code: &str, changes: &[Change<'_>]) -> Page {
    Raw::form("/token", form(code, changes)).send(bench)
}

fn userinfo(bench: &Bench, scheme: &str, token: &str) -> Page {
    Raw::get("/userinfo").with("authorization", format!("{scheme} {token}")).send(bench)
}

#[test]
fn a_code_is_worth_one_exchange_by_its_client_with_its_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, mut report) = (bench(folder.path()), Report::default());
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let plain = request(CLIENT, &[]);
    let pkce = request(CLIENT, &[Set("code_challenge", CHALLENGE), Set("code_challenge_method", "S256")]);

    // Each is tried with a fresh code; a code that came wrong is used up (RFC 9700, 4.5.3).
    let other_verifier = VERIFIER.replace('d', "e");
    #[rustfmt::skip]
    let lines: [(&'static str, &str, &str, Vec<Change<'_>>); 9] = [
        ("CD-001", "6749 4.1.3", &plain, vec![Set("redirect_uri", "http://127.0.0.1:1/other")]),
        ("CD-002", "6749 4.1.3: required if it was there", &plain, vec![Without("redirect_uri")]),
        ("CD-003", "6749 4.1.3", &plain, vec![Set("redirect_uri", "HTTP://127.0.0.1:1/oidc-callback")]),
        ("CD-004", "9700 4.8.2: verifier without challenge", &plain, vec![Set("code_verifier", VERIFIER)]),
        ("CD-005", "7636 4.6: challenge without verifier", &pkce, vec![]),
        ("CD-006", "7636 4.6", &pkce, vec![Set("code_verifier", &other_verifier)]),
        ("CD-007", "7636 4.1: too short", &pkce, vec![Set("code_verifier", "short")]),
        ("CD-008", "7636 4.6: the challenge is no verifier", &pkce, vec![Set("code_verifier", CHALLENGE)]),
        ("CD-009", "7636 4.6: case", &pkce, vec![Set("code_verifier", "DBJFTJEZ4CVP-MB92K27UHBUJU1P1R_WW1GFWFOEJXK")]),
    ];
    for (id, source, query, changes) in lines {
        let code = code(&bench, &mut phone, query);
        let again = if query == pkce { vec![Set("code_verifier", VERIFIER)] } else { vec![] };
        let first = refused(&redeem(&bench, &code, &changes));
        report.check(
            id,
            source,
            first.and_then(|()| refused(&redeem(&bench, &code, &again)).map_err(|w| format!("then {w}"))),
        );
    }
    let code = |phone: &mut Phone<'_>, query: &str| code(&bench, phone, query);

    // Another client's try must not use it up (it did not hold its secret by right).
    let mine = code(&mut phone, &plain);
    report.check(
        "CD-020",
        "6749 4.1.3: bound to its client",
        refused(&redeem(&bench, &mine, &[Set("client_id", OTHER)])),
    );
    let wrong = redeem(&bench, &mine, &[Set("client_secret", "wrong")]);
    report.check("CD-021", "6749 5.2", is("status", wrong.status, 401));
    let tokens = redeem(&bench, &mine, &[]);
    report.check("CD-022", "6749 4.1.4", is("status", tokens.status, 200));
    let tokens = tokens.json();
    report.check("CD-023", "6749 5.1", is("token_type", tokens["token_type"].as_str(), Some("Bearer")));
    report.check("CD-024", "contract: 60 s", is("expires_in", tokens["expires_in"].as_i64(), Some(60)));
    report.check("CD-025", "6749 4.1.2: once", refused(&redeem(&bench, &mine, &[])));
    let token = tokens["access_token"].as_str().unwrap();
    report.check(
        "CD-026",
        "6749 4.1.2: the second use revokes",
        is("status", userinfo(&bench, "Bearer", token).status, 401),
    );
    report.check("CD-027", "6749 10.10: 128 bits", is("length", token.len() >= 22, true));
    report.check(
        "CD-028",
        "9700 2.2.2: no refresh token",
        is("refresh_token", tokens.get("refresh_token"), None),
    );
    report.check("CD-029", "7636 4.6", {
        let code = code(&mut phone, &pkce);
        is("status", redeem(&bench, &code, &[Set("code_verifier", VERIFIER)]).status, 200)
    });
    let late = code(&mut phone, &plain);
    bench.clock.advance(30);
    report.check("CD-030", "contract: 30 s; FAPI2: 60 s at most", refused(&redeem(&bench, &late, &[])));
    let one = code(&mut phone, &plain);
    let two = code(&mut phone, &plain);
    report.check("CD-031", "6749 10.10: guessable?", is("equal", one == two, false));
    report.check("CD-032", "6749 10.5", refused(&redeem(&bench, &one.to_uppercase(), &[])));
    report.check("CD-033", "6749 10.5", refused(&redeem(&bench, &format!("{two}A"), &[])));
    report.end(22);
}

#[test]
fn a_token_is_worth_one_look() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, mut report) = (bench(folder.path()), Report::default());
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let code_as_token = code(&bench, &mut phone, &request(CLIENT, &[]));
    let mut tokens = || {
        let code = code(&bench, &mut phone, &request(CLIENT, &[]));
        redeem(&bench, &code, &[]).json()
    };
    let first = tokens();
    let token = first["access_token"].as_str().unwrap().to_owned();
    let id_token = first["id_token"].as_str().unwrap().to_owned();
    let unauthorized = |page: &Page, challenge: &str| {
        is("status", page.status, 401)?;
        let sent = header(page, "www-authenticate");
        if sent.starts_with(challenge) { Ok(()) } else { Err(format!("challenge {sent:?}")) }
    };
    let twice = Raw::form("/userinfo", format!("access_token={token}&access_token={token}")).send(&bench);
    let query = Raw::get(format!("/userinfo?access_token={token}")).send(&bench);
    #[rustfmt::skip]
    let lines = [
        ("UI-001", "6750 3.1: no token, no error", Raw::get("/userinfo").send(&bench), "Bearer"),
        ("UI-002", "9700 4.3.2: never in the query", query, "Bearer"),
        ("UI-004", "6750 3.1", userinfo(&bench, "Bearer", "x"), "Bearer error=\"invalid_token\""),
        ("UI-005", "6750 3.1", userinfo(&bench, "Bearer", &"A".repeat(43)), "Bearer error=\"invalid_token\""),
        ("UI-006", "6750 2.1", userinfo(&bench, "Basic", &token), "Bearer"),
        ("UI-007", "9449 7.1: not bound to a key", userinfo(&bench, "DPoP", &token), "DPoP error=\"invalid_dpop_proof\""),
        ("UI-008", "Core 5.3: an ID token is no access token", userinfo(&bench, "Bearer", &id_token), "Bearer error=\"invalid_token\""),
        ("UI-009", "6749 10.3: a code is none", userinfo(&bench, "Bearer", &code_as_token), "Bearer error=\"invalid_token\""),
        ("UI-010", "bounds", userinfo(&bench, "Bearer", &"A".repeat(5000)), "Bearer error=\"invalid_token\""),
    ];
    for (id, source, page, challenge) in lines {
        report.check(id, source, unauthorized(&page, challenge));
    }
    report.check("UI-003", "6750 3.1: twice in the form", is("status", twice.status, 400));
    let good = userinfo(&bench, "bearer", &token);
    report.check("UI-020", "9110 11.1: the scheme's case", is("status", good.status, 200));
    report.check(
        "UI-021",
        "Core 5.3.2",
        is("content-type", header(&good, "content-type"), "application/jwt"),
    );
    report.check("UI-022", "Core 5.3.2", is("cache-control", header(&good, "cache-control"), "no-store"));
    let said = claims(&good.body);
    report.check("UI-023", "Core 5.3.4: equal sub", is("sub", &said["sub"], &claims(&id_token)["sub"]));
    report.check("UI-024", "Core 5.3.2: aud", is("aud", said["aud"].as_str(), Some(CLIENT)));
    report.check(
        "UI-025",
        "contract: once",
        unauthorized(&userinfo(&bench, "Bearer", &token), "Bearer error"),
    );
    let second = tokens();
    bench.clock.advance(60);
    let late = userinfo(&bench, "Bearer", second["access_token"].as_str().unwrap());
    report.check("UI-026", "contract: 60 s", unauthorized(&late, "Bearer error"));

    let id = claims(&id_token);
    report.check("ID-001", "Core 2: iss", is("iss", id["iss"].as_str(), Some(bench.url.as_str())));
    report.check("ID-002", "Core 2: aud", is("aud", id["aud"].as_str(), Some(CLIENT)));
    report.check("ID-003", "Core 2: nonce", is("nonce", id["nonce"].as_str(), Some("n-0S6_WzA2Mj")));
    report.check("ID-004", "contract: no nbf", is("nbf", id.get("nbf"), None));
    report.check("ID-005", "Core 2: auth_time", is("auth_time", id["auth_time"].is_i64(), true));
    report.check("ID-006", "contract: acr", is("acr", id["acr"].as_str(), Some("eidas2")));
    report.check("ID-007", "Core 3.1.3.6: at_hash", {
        use base64::Engine as _;
        let half = &crypto::sha256(token.as_bytes())[..16];
        let expected = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(half);
        is("at_hash", id["at_hash"].as_str(), Some(expected.as_str()))
    });
    report.check(
        "ID-008",
        "8725 3.11: typ",
        is("typ", jose::decode_header(&id_token).unwrap().typ.as_deref(), Some("JWT")),
    );
    report.check("ID-009", "Core 5.1: nothing of the person", is("email", id.get("email"), None));
    report.check(
        "ID-010",
        "contract: exp",
        is("life", id["exp"].as_i64().unwrap() - id["iat"].as_i64().unwrap(), 120),
    );
    report.end(27);
}
