//! The authorization endpoint (OpenID Connect Core 3.1.2; RFC 6749, 4.1.1; RFC 9700; RFC 9101; RFC 9207).

use super::Change::{Again, Set, Text, Without};
use super::*;

/// What must become of a request.
enum Must {
    /// A login page.
    Begin,
    /// An error page with this code: the browser is led nowhere.
    Page(&'static str),
    /// Back to the client with this error, `state` and `iss`.
    Error(&'static str),
    /// The same without `state`: which of two would be the client's?
    ErrorWithoutState(&'static str),
}

use Must::{Begin, Error, ErrorWithoutState, Page as ErrorPage};

const UNKNOWN_URI: Must = ErrorPage("authorize.redirect-uri-unknown");

type Line = (&'static str, &'static str, &'static [Change<'static>], Must);

#[rustfmt::skip]
const TABLE: &[Line] = &[
    ("AZ-001", "Core 3.1.2.1", &[], Begin),
    ("AZ-002", "6749 3.1: unrecognized parameters are ignored", &[Set("foo", "bar")], Begin),
    ("AZ-003", "6749 3.1: parameters without a value are absent", &[Set("display", "")], Begin),
    // Parameters that are there twice (RFC 6749, 3.1).
    ("AZ-010", "6749 3.1", &[Again("client_id", "broker")], ErrorPage("authorize.duplicate")),
    ("AZ-011", "6749 3.1", &[Again("redirect_uri", "http://127.0.0.1:1/oidc-callback")], ErrorPage("authorize.duplicate")),
    ("AZ-012", "6749 3.1", &[Again("scope", "openid")], Error("invalid_request")),
    ("AZ-013", "6749 3.1", &[Again("state", "other")], ErrorWithoutState("invalid_request")),
    ("AZ-014", "6749 3.1", &[Again("nonce", "other")], Error("invalid_request")),
    ("AZ-015", "6749 3.1", &[Again("response_type", "code")], Error("invalid_request")),
    ("AZ-016", "6749 3.1", &[Again("acr_values", "eidas1")], Error("invalid_request")),
    ("AZ-017", "6749 3.1", &[Again("prompt", "none")], Error("invalid_request")),
    ("AZ-018", "6749 3.1", &[Set("foo", "1"), Again("foo", "2")], Error("invalid_request")),
    ("AZ-019", "6749 3.1", &[Text("&%73cope=openid")], Error("invalid_request")),
    // Parameters that are missing.
    ("AZ-020", "6749 4.1.2.1", &[Without("client_id")], ErrorPage("authorize.unknown-client")),
    ("AZ-021", "Core 3.1.2.1", &[Without("redirect_uri")], ErrorPage("authorize.redirect-uri-missing")),
    ("AZ-022", "6749 3.1.1", &[Without("response_type")], Error("invalid_request")),
    ("AZ-023", "Core 3.1.2.1: scope MUST contain openid", &[Without("scope")], Error("invalid_scope")),
    ("AZ-024", "Core 3.1.2.1", &[Set("scope", "profile")], Error("invalid_scope")),
    ("AZ-025", "Core 3.1.2.1: unknown scopes SHOULD be ignored", &[Set("scope", "openid foo")], Begin),
    ("AZ-026", "Core 3.1.2.1: nonce is optional in the code flow", &[Without("nonce")], Begin),
    ("AZ-027", "6749 4.1.1: state is recommended", &[Without("state")], Begin),
    ("AZ-028", "contract 2.2", &[Without("acr_values")], Begin),
    ("AZ-029", "6749 4.1.2.1", &[Set("client_id", "nobody")], ErrorPage("authorize.unknown-client")),
    ("AZ-035", "our own pages are no client", &[Set("client_id", "sceau")], ErrorPage("authorize.unknown-client")),
    // Sizes and encodings.
    ("AZ-030", "bounds", &[Text("&x=%zz")], ErrorPage("authorize.malformed")),
    ("AZ-031", "bounds", &[Text("&x=%")], ErrorPage("authorize.malformed")),
    ("AZ-032", "bounds", &[Set("nonce", "\u{1}")], Error("invalid_request")),
    ("AZ-033", "bounds", &[Text("&foo=%ff")], Begin),
    ("AZ-034", "bounds", &[Set("client_id", "broker\u{0}")], ErrorPage("authorize.unknown-client")),
    // Response types and modes.
    ("AZ-040", "9700 2.1.2", &[Set("response_type", "token")], Error("unsupported_response_type")),
    ("AZ-041", "FAPI2 5.3.2.2", &[Set("response_type", "code id_token")], Error("unsupported_response_type")),
    ("AZ-042", "9700 2.1.2", &[Set("response_type", "id_token token")], Error("unsupported_response_type")),
    ("AZ-043", "6749 3.1.1", &[Set("response_type", "none")], Error("unsupported_response_type")),
    ("AZ-044", "6749 3.1.1: case matters", &[Set("response_type", "Code")], Error("unsupported_response_type")),
    ("AZ-045", "OAuth 2.0 Multiple Response Types", &[Set("response_mode", "query")], Begin),
    ("AZ-046", "Form Post", &[Set("response_mode", "form_post")], Error("invalid_request")),
    ("AZ-047", "Multiple Response Types", &[Set("response_mode", "fragment")], Error("invalid_request")),
    ("AZ-048", "JARM", &[Set("response_mode", "jwt")], Error("invalid_request")),
    // Redirect URIs: simple string comparison (RFC 9700, 2.1; RFC 3986, 6.2.1).
    ("AZ-050", "9700 4.1.3", &[Set("redirect_uri", "https://evil.example/")], UNKNOWN_URI),
    ("AZ-051", "9700 4.1.3", &[Set("redirect_uri", "http://127.0.0.1:1/oidc-callback/")], UNKNOWN_URI),
    ("AZ-052", "9700 4.1.3", &[Set("redirect_uri", "http://127.0.0.1:1/oidc-callback/../x")], UNKNOWN_URI),
    ("AZ-053", "9700 4.1.3", &[Set("redirect_uri", "http://127.0.0.1:1/oidc-callback?x=1")], UNKNOWN_URI),
    ("AZ-054", "6749 3.1.2: no fragment", &[Set("redirect_uri", "http://127.0.0.1:1/oidc-callback#x")], UNKNOWN_URI),
    ("AZ-055", "9700 4.1.3", &[Set("redirect_uri", "http://127.0.0.1:1@evil.example/oidc-callback")], UNKNOWN_URI),
    ("AZ-056", "9700 4.1.3: our clients are no native apps", &[Set("redirect_uri", "http://127.0.0.1:2/oidc-callback")], UNKNOWN_URI),
    ("AZ-057", "3986 6.2.1", &[Set("redirect_uri", "HTTP://127.0.0.1:1/oidc-callback")], UNKNOWN_URI),
    ("AZ-058", "3986 6.2.1", &[Set("redirect_uri", "http://localhost:1/oidc-callback")], UNKNOWN_URI),
    ("AZ-059", "3986 6.2.1", &[Set("redirect_uri", "http://127.0.0.1:1/oidc%2Dcallback")], UNKNOWN_URI),
    ("AZ-060", "9700 4.1.3", &[Set("redirect_uri", "http://127.0.0.1:1/oidc-callback\r\nx: y")], UNKNOWN_URI),
    ("AZ-061", "9700 4.1.3", &[Set("redirect_uri", "http://127.0.0.1:1\\@evil.example/oidc-callback")], UNKNOWN_URI),
    ("AZ-062", "9700 4.1.3", &[Set("redirect_uri", "//127.0.0.1:1/oidc-callback")], UNKNOWN_URI),
    ("AZ-063", "9700 4.1.3", &[Set("redirect_uri", "javascript:alert(1)")], UNKNOWN_URI),
    ("AZ-064", "9700 4.1.3", &[Set("redirect_uri", "http://127.0.0.1:1/oidc-callback ")], UNKNOWN_URI),
    ("AZ-065", "9700 4.1.3", &[Set("redirect_uri", "http://127.0.0.1:1/")], UNKNOWN_URI),
    // Request objects (OpenID Connect Core, 6; RFC 9101; RFC 9126).
    ("AZ-070", "Core 6.1: MUST be answered", &[Set("request", "eyJhbGciOiJub25lIn0.e30.")], Error("request_not_supported")),
    ("AZ-071", "Core 6.2: MUST be answered; 9101 10.4: no request is made", &[Set("request_uri", "https://evil.example/r")], Error("request_uri_not_supported")),
    ("AZ-072", "9126 4", &[Set("request_uri", "urn:ietf:params:oauth:request_uri:AAAA")], ErrorPage("authorize.request-uri")),
    ("AZ-073", "Core 7.2.1", &[Set("registration", "{}")], Error("registration_not_supported")),
    ("AZ-074", "9101 10.4: no file is read", &[Set("request_uri", "file:///etc/passwd")], Error("request_uri_not_supported")),
    // Prompt, max_age, hints.
    ("AZ-080", "Core 3.1.2.6", &[Set("prompt", "none")], Error("login_required")),
    ("AZ-081", "Core 3.1.2.1: none stands alone", &[Set("prompt", "none login")], Error("invalid_request")),
    ("AZ-082", "Core 3.1.2.1", &[Set("prompt", "foo")], Error("invalid_request")),
    ("AZ-083", "Core 3.1.2.1", &[Set("prompt", "login consent")], Begin),
    ("AZ-084", "Core 3.1.2.1", &[Set("prompt", "select_account")], Begin),
    ("AZ-085", "Core 3.1.2.1", &[Set("max_age", "0")], Begin),
    ("AZ-086", "Core 3.1.2.1", &[Set("max_age", "-1")], Error("invalid_request")),
    ("AZ-087", "Core 3.1.2.1", &[Set("max_age", "1e9")], Error("invalid_request")),
    ("AZ-088", "Core 3.1.2.1", &[Set("prompt", "none"), Set("max_age", "10000")], Error("login_required")),
    ("AZ-089", "Core 3.1.2.1: not one of ours", &[Set("id_token_hint", "a.b.c")], Error("invalid_request")),
    ("AZ-090", "Core 3.1.2.1: unsigned", &[Set("id_token_hint", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.")], Error("invalid_request")),
    ("AZ-091", "protocols 6.1: nobody is named", &[Set("login_hint", "anna@example.org")], Begin),
    ("AZ-092", "Core 3.1.2.1", &[Set("ui_locales", "de fr xx-invalid")], Begin),
    ("AZ-093", "Core 5.2", &[Set("claims_locales", "fr")], Begin),
    ("AZ-094", "Core 3.1.2.1", &[Set("display", "popup")], Begin),
    ("AZ-095", "Core 3.1.2.1", &[Set("display", "page")], Begin),
    // The parameter `claims` (OpenID Connect Core, 5.5).
    ("AZ-100", "Core 5.5", &[Set("claims", "{\"userinfo\":{\"email\":{\"essential\":true}}}")], Begin),
    ("AZ-101", "Core 5.5: unknown claims are ignored", &[Set("claims", "{\"userinfo\":{\"shoe_size\":{\"essential\":true}}}")], Begin),
    ("AZ-102", "Core 5.5", &[Set("claims", "{")], Error("invalid_request")),
    ("AZ-103", "Core 5.5", &[Set("claims", "[]")], Error("invalid_request")),
    ("AZ-104", "Core 5.5.1.1: essential acr", &[Set("claims", "{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[\"eidas3\"]}}}")], Error("unmet_authentication_requirements")),
    ("AZ-105", "bounds: depth", &[Set("claims", "{\"userinfo\":{\"email\":{\"value\":[[[[[[[[1]]]]]]]]}}}")], Begin),
    // Levels.
    ("AZ-110", "contract: never above the client's list", &[Set("acr_values", "eidas3")], Error("unmet_authentication_requirements")),
    ("AZ-111", "Core 5.5.1.1: voluntary", &[Set("acr_values", "urn:mace:incommon:iap:silver")], Begin),
    ("AZ-112", "Core 3.1.2.1: by preference", &[Set("acr_values", "eidas3 eidas1")], Begin),
    // PKCE (RFC 7636; RFC 9700, 2.1.1).
    ("AZ-120", "7636 4.3", &[Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Set("code_challenge_method", "S256")], Begin),
    ("AZ-121", "9700 2.1.1: never plain", &[Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Set("code_challenge_method", "plain")], Error("invalid_request")),
    ("AZ-122", "7636 4.3: the default is plain", &[Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")], Error("invalid_request")),
    ("AZ-123", "7636 4.3", &[Set("code_challenge_method", "S256")], Error("invalid_request")),
    ("AZ-124", "7636 4.2", &[Set("code_challenge", "short"), Set("code_challenge_method", "S256")], Error("invalid_request")),
    ("AZ-125", "7636 4.2: no padding", &[Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="), Set("code_challenge_method", "S256")], Error("invalid_request")),
    ("AZ-126", "7636 4.3", &[Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Set("code_challenge_method", "S512")], Error("invalid_request")),
    ("AZ-127", "9449 10", &[Set("dpop_jkt", "x")], Error("invalid_request")),
];

fn judge(page: &Page, must: &Must) -> Result<(), String> {
    is("cache-control", header(page, "cache-control"), "no-store")?;
    is("referrer-policy", header(page, "referrer-policy"), "no-referrer")?;
    let state = page.query("state");
    match must {
        Begin => {
            is("status", page.status, 303)?;
            let there = page.location.as_deref().unwrap_or_default();
            if there.starts_with("/login/") { Ok(()) } else { Err(format!("to {there}")) }
        }
        ErrorPage(code) => {
            is("status", page.status, 400)?;
            is("location", page.location.as_deref(), None)?;
            is("cookie", header(page, "set-cookie"), "")?;
            if page.body.contains(code) { Ok(()) } else { Err(format!("{code} is not on the page")) }
        }
        Error(code) | ErrorWithoutState(code) => {
            is("status", page.status, 303)?;
            let there = page.location.clone().unwrap_or_default();
            if !there.starts_with(&format!("{REDIRECT}?error=")) {
                return Err(format!("to {there}"));
            }
            is("error", page.query("error").as_deref(), Some(*code))?;
            is("code", page.query("code"), None)?;
            let kept = !matches!(must, ErrorWithoutState(_));
            is("state", state.as_deref(), kept.then_some("af0ifjsldkj"))
        }
    }
}

#[test]
fn every_request_is_answered_as_its_line_says_by_get_and_by_post() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, mut report) = (bench(folder.path()), Report::default());
    for (id, source, changes, must) in TABLE {
        let query = request(CLIENT, changes);
        let got = Raw::get(format!("/authorize?{query}")).send(&bench);
        let posted = Raw::form("/authorize", query).send(&bench);
        let outcome = judge(&got, must).map_err(|why| format!("GET: {why}"));
        report.check(
            id,
            source,
            outcome.and_then(|()| judge(&posted, must).map_err(|why| format!("POST: {why}"))),
        );
        if matches!(must, Error(_)) && got.query("iss").as_deref() != Some(bench.url.as_str()) {
            report.failed.push(format!("{id} (9207 2): iss {:?}", got.query("iss")));
        }
    }
    let long = "x".repeat(9000);
    let too_long = Raw::form("/authorize", request(CLIENT, &[Set("state", &long)])).send(&bench);
    report.check("AZ-130", "bounds", judge(&too_long, &ErrorPage("authorize.too-long")));
    let many: String = (0..60).map(|i| format!("&p{i}=1")).collect();
    let too_many = Raw::get(format!("/authorize?{}", request(CLIENT, &[Text(&many)]))).send(&bench);
    report.check("AZ-131", "bounds", judge(&too_many, &ErrorPage("authorize.too-long")));
    let (state, nonce) = ("s".repeat(128), "n".repeat(64));
    let ordinary =
        Raw::get(format!("/authorize?{}", request(CLIENT, &[Set("state", &state), Set("nonce", &nonce)])));
    report.check("AZ-132", "FAPI2: 64 characters of nonce must work", judge(&ordinary.send(&bench), &Begin));
    let huge = "n".repeat(384);
    let refused = Raw::get(format!(
        "/authorize?{}",
        request(CLIENT, &[Set("nonce", &huge), Set("claims", "{\"id_token\":{\"email\":null}}")])
    ));
    let refused = refused.send(&bench);
    let clean = judge(&refused, &Begin).or_else(|_| judge(&refused, &Error("invalid_request")));
    report.check("AZ-133", "FAPI2: a long nonce works or fails cleanly", clean);
    let json = Raw::form("/authorize", "{}").send(&bench);
    report.check("AZ-134", "6749 3.1", judge(&json, &ErrorPage("authorize.unknown-client")));
    let mut kind = Raw::form("/authorize", request(CLIENT, &[]));
    kind.headers = vec![("content-type", "application/json".into())];
    report.check(
        "AZ-135",
        "Core 3.1.2.1: form serialization",
        judge(&kind.send(&bench), &ErrorPage("authorize.malformed")),
    );
    report.end(95);
}
