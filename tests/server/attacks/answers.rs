//! Headers, methods, and what is published (RFC 9700, 4.11 to 4.16; RFC 8414; RFC 7517; RP-Initiated Logout 1.0).

use super::Change::Set;
use super::*;

const PUBLIC: [&str; 2] = ["/.well-known/openid-configuration", "/jwks"];

#[test]
fn every_answer_carries_its_headers_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, mut report) = (bench(folder.path()), Report::default());
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    let policy = header(&page, "content-security-policy");
    report.check(
        "HD-001",
        "9700 4.16: no frames",
        is("frame-ancestors", policy.contains("frame-ancestors 'none'"), true),
    );
    report.check("HD-002", "no inline script or style", is("unsafe", policy.contains("unsafe"), false));
    report.check(
        "HD-003",
        "nothing by default",
        is("default-src", policy.starts_with("default-src 'none'"), true),
    );
    report.check(
        "HD-004",
        "forms end here or at the client",
        is("form-action", policy.contains("form-action 'self' http://127.0.0.1:1"), true),
    );
    report.check(
        "HD-005",
        "9700 4.2.4",
        is("referrer-policy", header(&page, "referrer-policy"), "no-referrer"),
    );
    report.check("HD-006", "sniffing", is("nosniff", header(&page, "x-content-type-options"), "nosniff"));
    report.check(
        "HD-007",
        "9700 4.2: pages are not kept",
        is("cache-control", header(&page, "cache-control"), "no-store"),
    );
    report.check("HD-008", "no script", is("script", page.body.contains("<script"), false));

    // RFC 9700, 4.12: 303, never 307, after a POST.
    let posted = Raw::form("/authorize", request(CLIENT, &[])).send(&bench);
    report.check("HD-010", "9700 4.12", is("status", posted.status, 303));
    let refused = Raw::form("/authorize", request(CLIENT, &[Set("prompt", "none")])).send(&bench);
    report.check("HD-011", "9700 4.12", is("status", refused.status, 303));

    for (id, path) in ["HD-020", "HD-021"].into_iter().zip(PUBLIC) {
        let answer = Raw::get(path).with("origin", "https://evil.example").send(&bench);
        let cached = is("cache-control", header(&answer, "cache-control"), "public, max-age=300");
        report.check(id, "contract: from memory, cacheable", is("status", answer.status, 200).and(cached));
    }
    for (id, path) in
        [("HD-030", "/token"), ("HD-031", "/userinfo"), ("HD-032", "/authorize"), ("HD-033", "/jwks")]
    {
        let asked = Raw { method: "OPTIONS", ..Raw::get(path) }
            .with("origin", "https://evil.example")
            .with("access-control-request-method", "POST")
            .send(&bench);
        let open = is("CORS", header(&asked, "access-control-allow-origin"), "");
        report.check(id, "no other origin's script reads it", open);
    }
    for (id, method, path) in [
        ("HD-040", "DELETE", "/authorize"),
        ("HD-041", "PUT", "/authorize"),
        ("HD-042", "DELETE", "/userinfo"),
        ("HD-043", "POST", "/jwks"),
        ("HD-044", "POST", "/.well-known/openid-configuration"),
        ("HD-045", "GET", "/par"),
        ("HD-046", "GET", "/introspect"),
        ("HD-047", "GET", "/revoke"),
        ("HD-048", "TRACE", "/authorize"),
    ] {
        let answer = Raw { method, ..Raw::get(path) }.send(&bench);
        report.check(id, "9110 15.5.6", is("status", answer.status, 405));
    }
    let nowhere = Raw::get("/../../etc/passwd").send(&bench);
    report.check("HD-050", "no such path", is("status", nowhere.status, 404));
    report.end(26);
}

#[test]
fn metadata_says_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, mut report) = (bench(folder.path()), Report::default());
    let metadata = Raw::get(PUBLIC[0]).send(&bench).json();
    report.check(
        "MD-001",
        "Discovery 4.3: the issuer exactly",
        is("issuer", metadata["issuer"].as_str(), Some(bench.url.as_str())),
    );
    let by_oauth = Raw::get("/.well-known/oauth-authorization-server").send(&bench);
    report.check("MD-002", "8414 3.1", is("metadata", by_oauth.json(), metadata.clone()));
    let endpoints = [
        ("MD-010", "authorization_endpoint", 400),
        ("MD-011", "token_endpoint", 405),
        ("MD-012", "userinfo_endpoint", 401),
        ("MD-013", "jwks_uri", 200),
        ("MD-014", "end_session_endpoint", 200),
        ("MD-015", "pushed_authorization_request_endpoint", 405),
        ("MD-016", "introspection_endpoint", 405),
        ("MD-017", "revocation_endpoint", 405),
    ];
    for (id, member, status) in endpoints {
        let path =
            metadata[member].as_str().and_then(|url| url.strip_prefix(&bench.url)).unwrap_or("/missing");
        report.check(id, "Discovery 3", is(member, Raw::get(path).send(&bench).status, status));
    }
    for (id, member) in
        [("MD-020", "request_parameter_supported"), ("MD-021", "request_uri_parameter_supported")]
    {
        report.check(id, "Discovery 3", is(member, metadata[member].as_bool(), Some(false)));
    }
    for (id, absent) in [
        ("MD-022", "registration_endpoint"),
        ("MD-023", "backchannel_authentication_endpoint"),
        ("MD-024", "verified_claims_supported"),
        ("MD-025", "check_session_iframe"),
    ] {
        report.check(
            id,
            "what is not there is not offered",
            is(absent, metadata.get(absent).is_none(), true),
        );
    }
    let iss = metadata["authorization_response_iss_parameter_supported"].as_bool();
    report.check("MD-026", "9207 3", is("iss", iss, Some(true)));
    let plain = metadata["code_challenge_methods_supported"].to_string().contains("plain");
    report.check("MD-027", "9700 2.1.1", is("plain", plain, false));
    let none = metadata["id_token_signing_alg_values_supported"].to_string().contains("none");
    report.check("MD-028", "8725 3.1", is("none", none, false));
    let keys = Raw::get(PUBLIC[1]).send(&bench).json();
    let private = ["d", "p", "q", "dp", "dq", "qi", "k", "oth"];
    let shown =
        keys["keys"].as_array().unwrap().iter().any(|key| private.iter().any(|name| key.get(name).is_some()));
    report.check("MD-030", "7517 9.2: never a private part", is("private", shown, false));
    let named = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .all(|k| k["use"] == "sig" && k["kid"].is_string() && k["alg"].is_string());
    report.check("MD-031", "contract 2.1: use, kid, alg", is("named", named, true));
    report.end(18);
}

/// RP-Initiated Logout 1.0, 2 to 4.
#[test]
fn a_logout_leads_only_where_its_client_said() {
    let bench = Bench::with(|config| {
        let out = "post_logout_redirect_uris = [\"http://127.0.0.1:1/out\"]\nacr =";
        config.replacen("acr =", out, 1)
    });
    let mut report = Report::default();
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let code = code(&bench, &mut phone, &request(CLIENT, &[]));
    let tokens = Raw::form("/token", form(&code, &[])).send(&bench).json();
    let hint = tokens["id_token"].as_str().unwrap().to_owned();
    bench.clock.advance(86_400);
    let tampered = format!("eyJhbGciOiJub25lIn0.{}.", hint.split('.').nth(1).unwrap());
    let foreign = jose::sign(
        &client_key(1),
        Some("JWT"),
        &serde_json::json!({"iss": bench.url, "aud": CLIENT, "sub": "x"}),
    );
    let out = "http://127.0.0.1:1/out";
    let led = |page: &Page, to: &str| {
        is("status", page.status, 303)?;
        is("location", page.location.as_deref(), Some(to))
    };
    let stays = |page: &Page, status: u16| {
        is("status", page.status, status)?;
        is("location", page.location.as_deref(), None)
    };
    let ask = |pairs: &[(&str, &str)]| Raw::get(format!("/logout?{}", changed(pairs, &[]))).send(&bench);
    let good = [
        ("id_token_hint", hint.as_str()),
        ("post_logout_redirect_uri", out),
        ("state", "s 1"),
        ("client_id", CLIENT),
    ];
    report.check(
        "LO-001",
        "contract: an expired hint, state returned",
        led(&ask(&good), "http://127.0.0.1:1/out?state=s%201"),
    );
    report.check(
        "LO-002",
        "2: by POST",
        led(&Raw::form("/logout", changed(&good, &[])).send(&bench), "http://127.0.0.1:1/out?state=s%201"),
    );
    report.check("LO-003", "3: no state, none returned", led(&ask(&good[..2]), out));
    report.check(
        "LO-004",
        "3: not registered",
        stays(&ask(&[good[0], ("post_logout_redirect_uri", "http://127.0.0.1:1/other")]), 400),
    );
    report.check(
        "LO-005",
        "3: query added",
        stays(&ask(&[good[0], ("post_logout_redirect_uri", "http://127.0.0.1:1/out?x=1")]), 400),
    );
    report.check("LO-006", "2: alg none", stays(&ask(&[("id_token_hint", &tampered), good[1]]), 400));
    report.check("LO-007", "2: signed by another", stays(&ask(&[("id_token_hint", &foreign), good[1]]), 400));
    report.check("LO-008", "2: nobody says for whom", stays(&ask(&[good[1], good[2]]), 400));
    report.check("LO-009", "2: nothing", stays(&ask(&[]), 200));
    report.check("LO-010", "2: state alone", stays(&ask(&[good[2]]), 200));
    report.check("LO-011", "2: hint alone", stays(&ask(&[good[0]]), 200));
    report.check(
        "LO-012",
        "2: client_id of another",
        stays(&ask(&[good[0], good[1], ("client_id", "other")]), 400),
    );
    let twice = Raw::get(format!("/logout?{}&state=x", changed(&good, &[]))).send(&bench);
    report.check("LO-013", "6749 3.1", stays(&twice, 400));
    report.end(13);
}
