//! What each endpoint takes, refuses and publishes.

use super::*;

#[tokio::test]
async fn a_request_begins_a_login_by_get_and_by_post() {
    let bench = Bench::new().await;
    for begun in [
        bench.get(&format!("/authorize?{}", query("broker"))).await,
        bench.post("/authorize", &query("broker")).await,
    ] {
        assert_eq!(begun.status, 303);
        assert!(begun.header("location").starts_with("/login/"));
        let cookie = begun.header("set-cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
}

#[tokio::test]
async fn before_the_redirect_uri_is_trusted_a_refusal_is_a_page() {
    let bench = Bench::new().await;
    let good = query("broker");
    for (bad, code) in [
        (good.replace("=broker&", "=nobody&"), "authorize.unknown-client"),
        (good.replace("example/cb", "example/other"), "authorize.redirect-uri-unknown"),
        (good.replace("redirect_uri=", "x="), "authorize.redirect-uri-missing"),
        (format!("{good}&client_id=broker"), "authorize.duplicate"),
        (format!("{good}&x=%zz"), "authorize.malformed"),
        (format!("{good}&x={}", "x".repeat(8192)), "authorize.too-long"),
    ] {
        for refused in [bench.post("/authorize", &bad).await, bench.get(&format!("/authorize?{bad}")).await] {
            assert_eq!((refused.status, refused.code.as_deref()), (400, Some(code)), "{code}");
            assert_eq!((refused.header("location"), refused.header("set-cookie")), ("", ""));
            let page = String::from_utf8(refused.body).unwrap();
            assert!(page.contains(code) && !page.contains("nobody"));
        }
    }
    let json = Request::post("/authorize").header("content-type", "application/json");
    let refused = bench.send(json.body(Body::from(good)).unwrap()).await;
    assert_eq!((refused.status, refused.code.as_deref()), (400, Some("authorize.malformed")));
}

#[tokio::test]
async fn after_that_it_goes_to_the_client_with_state_and_issuer() {
    let bench = Bench::new().await;
    let refused =
        bench.get(&format!("/authorize?{}", query("broker").replace("prompt=login", "prompt=none"))).await;
    assert_eq!((refused.status, refused.query("error")), (303, Some("login_required")));
    assert!(refused.header("location").starts_with("https://broker.example/cb?"));
    assert_eq!(
        (refused.query("state"), refused.query("iss")),
        (Some("s"), Some("http%3A%2F%2Flocalhost%3A8080"))
    );
    assert_eq!((refused.code.as_deref(), refused.header("set-cookie")), (Some("login_required"), ""));
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_json() {
    let bench = Bench::new().await;
    let good = form(&"A".repeat(43));
    for (bad, status, error) in [
        (good.clone(), 400, "invalid_grant"),
        (good.replace("authorization_code", "refresh_token"), 400, "unsupported_grant_type"),
        (format!("{good}&code=x"), 400, "invalid_request"),
        (format!("{good}&x={}", "x".repeat(8192)), 400, "invalid_request"),
        (good.replace("code=A", "x=A"), 400, "invalid_request"),
        (good.replace("forty", "fifty"), 401, "invalid_client"),
        (good.replace("client_id=broker", "client_id=jwt"), 401, "invalid_client"),
    ] {
        let refused = bench.post("/token", &bad).await;
        assert_eq!(refused.refused(), (status, error.to_owned()));
        assert_eq!((refused.header("cache-control"), refused.code.as_deref()), ("no-store", Some(error)));
        assert_eq!(refused.header("pragma"), "no-cache");
        let challenge = if status == 401 { "Basic realm=\"token\"" } else { "" };
        assert_eq!(refused.header("www-authenticate"), challenge);
    }
    let text = Request::post("/token").body(Body::from(good)).unwrap();
    assert_eq!(bench.send(text).await.refused(), (400, "invalid_request".into()), "another media type");
    assert_eq!(bench.get("/token").await.status, 405);
}

/// RFC 6749, 5.2: a client that tried the header is answered with a scheme.
#[tokio::test]
async fn client_secret_basic_is_answered_with_a_challenge() {
    let bench = Bench::new().await;
    let request = Request::post("/token")
        .header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
        .header("authorization", "Basic YTpi");
    let refused = bench.send(request.body(Body::from("grant_type=authorization_code&code=x")).unwrap()).await;
    assert_eq!(refused.refused(), (401, "invalid_client".into()));
    assert!(refused.header("www-authenticate").starts_with("Basic "));
}

/// RFC 6750, 3.1: without a token the challenge names no error.
#[tokio::test]
async fn userinfo_without_a_token_names_no_error() {
    let bench = Bench::new().await;
    let token = "A".repeat(43);
    for request in [
        Request::get("/userinfo").body(Body::empty()),
        Request::get(format!("/userinfo?access_token={token}")).body(Body::empty()),
        Request::post("/userinfo").body(Body::from(format!("access_token={token}"))),
        Request::get("/userinfo")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("access_token={token}"))),
        Request::get("/userinfo").header("authorization", format!("Basic {token}")).body(Body::empty()),
    ] {
        let refused = bench.send(request.unwrap()).await;
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
        assert_eq!(refused.header("cache-control"), "no-store");
    }
    for wrong in [&token, "x"] {
        let refused = bench.userinfo(wrong).await;
        assert!(refused.header("www-authenticate").contains("invalid_token"), "{wrong}");
        assert_eq!(refused.json()["error"], "invalid_token");
    }
}

#[tokio::test]
async fn metadata_and_keys_may_be_kept_and_show_no_private_part() {
    let bench = Bench::new().await;
    for path in ["/.well-known/openid-configuration", "/jwks"] {
        let answer = bench.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
    }
    let metadata = bench.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], "http://localhost:8080");
    assert_eq!(metadata["jwks_uri"], "http://localhost:8080/jwks");
    let keys = bench.get("/jwks").await.json();
    let members: Vec<&str> = keys["keys"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    let signing = bench.state.oidc_keys.now().signing(Algorithm::Es256, NOW).unwrap().kid().to_owned();
    assert_eq!(keys["keys"][0]["kid"], signing);
}

#[tokio::test]
async fn the_status_tells_that_the_database_answers() {
    let bench = Bench::new().await;
    let answer = bench.get("/status").await;
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "ok", "trust": {"attention": false}})));
    assert_eq!(answer.header("cache-control"), "no-store");
}
