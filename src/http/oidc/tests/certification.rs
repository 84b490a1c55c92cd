//! Modules of the OpenID Foundation's plan for the basic profile that no other test shows (docs/standards.md has them all).

use super::*;

impl Bench {
    async fn redeemed(&self, extra: &str) -> Value {
        let code = self.code("policy", extra).await;
        self.post("/token", &form(&code).replace("broker", "policy")).await.json()
    }

    pub(super) fn said(&self, tokens: &Value) -> Value {
        let keys = self.state.oidc_keys.now();
        let jws = tokens["id_token"].as_str().unwrap();
        jose::verify(jws, keys.public(), &[Algorithm::Rs256]).unwrap().claims().unwrap()
    }

    /// The names of the claims about the person that this scope releases.
    async fn released_by_scope(&self, scope: &str) -> Vec<String> {
        let query = query("policy").replace("openid+profile+birth+email", scope);
        let code = self.code_by(&query, "").await;
        let tokens = self.post("/token", &form(&code).replace("broker", "policy")).await.json();
        let id_token = self.said(&tokens);
        for claim in ["given_name", "email", "birthplace"] {
            assert!(id_token.get(claim).is_none(), "{claim} goes to userinfo (OpenID Connect Core, 5.4)");
        }
        let userinfo = self.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
        let members = userinfo.as_object().unwrap().keys();
        let login = ["iss", "aud", "sub", "declared_claims"];
        members.filter(|name| !login.contains(&name.as_str())).cloned().collect()
    }
}

/// oidcc-userinfo-post-header.
#[tokio::test]
async fn userinfo_is_read_by_post_with_the_token_in_the_header() {
    let bench = Bench::new().await;
    let tokens = bench.redeemed("").await;
    let token = tokens["access_token"].as_str().unwrap();
    let post = Request::post("/userinfo").header("authorization", format!("Bearer {token}"));
    let posted = bench.send(post.body(Body::empty()).unwrap()).await;
    assert_eq!((posted.status, posted.header("content-type")), (200, "application/json"));
    assert_eq!(posted.json(), bench.userinfo(token).await.json());
    assert_eq!(posted.json()["sub"], bench.said(&tokens)["sub"]);
}

/// oidcc-userinfo-post-body; two places at once are refused (RFC 6750, 2).
#[tokio::test]
async fn userinfo_is_read_by_post_with_the_token_in_the_form() {
    let bench = Bench::new().await;
    let tokens = bench.redeemed("").await;
    let token = tokens["access_token"].as_str().unwrap();
    let form = || {
        Request::post("/userinfo").header("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
    };
    let body = || Body::from(format!("access_token={token}"));
    let posted = bench.send(form().body(body()).unwrap()).await;
    assert_eq!((posted.status, posted.json()), (200, bench.userinfo(token).await.json()));
    let both = form().header("authorization", format!("Bearer {token}")).body(body()).unwrap();
    let both = bench.send(both).await;
    assert_eq!((both.status, both.json()["error"].as_str()), (400, Some("invalid_request")));
    assert!(both.header("www-authenticate").starts_with("Bearer error=\"invalid_request\""));
}

/// oidcc-ensure-request-without-nonce-succeeds-for-code-flow; fapi2: no state, none returned.
#[tokio::test]
async fn a_request_without_nonce_and_state_gets_none() {
    let bench = Bench::new().await;
    let bare = query("policy").replace("&state=s&nonce=n", "");
    let done = bench.released_by(&bare).await;
    assert_eq!(done.query("state"), None);
    let code = done.query("code").unwrap();
    let tokens = bench.post("/token", &form(code).replace("broker", "policy")).await.json();
    assert_eq!(bench.said(&tokens).get("nonce"), None);
}

/// oidcc-scope-profile, -email, -address, -phone, -all: a scope that is unknown here releases nothing.
#[tokio::test]
async fn a_scope_releases_its_claims_at_userinfo_and_no_more() {
    let bench = Bench::new().await;
    let profile = ["birthdate", "family_name", "gender", "given_name"];
    assert_eq!(bench.released_by_scope("openid").await, Vec::<String>::new());
    let mut released = bench.released_by_scope("openid+profile").await;
    released.retain(|name| name != "preferred_username");
    assert_eq!(released, profile);
    assert_eq!(bench.released_by_scope("email+openid").await, ["email"], "in another order");
    assert_eq!(bench.released_by_scope("openid+address").await, Vec::<String>::new());
    assert_eq!(bench.released_by_scope("openid+phone+offline_access").await, Vec::<String>::new());
    let all = bench.released_by_scope("openid+profile+email+address+phone").await;
    assert!(profile.iter().chain(&["email"]).all(|name| all.iter().any(|said| said == name)), "{all:?}");
}

/// oidcc-prompt-login, oidcc-max-age-1: the person authenticates again, and later.
#[tokio::test]
async fn a_new_login_has_a_later_time_of_authentication() {
    let bench = Bench::new().await;
    let first = bench.said(&bench.redeemed("").await)["auth_time"].as_i64().unwrap();
    for again in ["", "&max_age=1"] {
        bench.clock.advance(5);
        let code = bench.code("policy", again).await;
        let tokens = bench.post("/token", &form(&code).replace("broker", "policy")).await.json();
        let later = bench.said(&tokens)["auth_time"].as_i64().unwrap();
        assert_eq!(later, bench.state.now().0, "{again}");
        assert!(later > first);
    }
}

/// oidcc-codereuse-30seconds: the tokens of the first use end with the second, also late.
#[tokio::test]
async fn a_code_that_comes_again_after_its_time_revokes_its_token() {
    let bench = Bench::new().await;
    let code = bench.code("policy", "").await;
    let redeem = async || bench.post("/token", &form(&code).replace("broker", "policy")).await;
    let tokens = redeem().await.json();
    bench.clock.advance(31);
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(bench.userinfo(token).await.status, 200);
    assert_eq!(redeem().await.refused(), (400, "invalid_grant".into()));
    assert_eq!(bench.userinfo(token).await.status, 401);
}

/// oidcc-config: discovery-endpoint-verification, every member that is there.
#[tokio::test]
async fn metadata_names_what_is_there_and_every_endpoint_answers() {
    let bench = Bench::new().await;
    let metadata = bench.get("/.well-known/openid-configuration").await.json();
    for (name, value) in metadata.as_object().unwrap() {
        let Some(url) = value.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") else {
            continue;
        };
        let path = url.strip_prefix("http://localhost:8080").unwrap_or_else(|| panic!("{name}: {url}"));
        let answer = bench.get(path).await.status;
        assert_ne!(answer, 404, "{name}");
        let posted = bench.post(path, "").await.status;
        assert!(posted != 404 && posted < 500, "{name}: {posted}");
    }
    assert_eq!(metadata["issuer"], "http://localhost:8080");
    let algorithms = metadata["id_token_signing_alg_values_supported"].as_array().unwrap();
    let keys = bench.get("/jwks").await.json();
    for algorithm in algorithms {
        let held = keys["keys"].as_array().unwrap().iter().any(|key| key["alg"] == *algorithm);
        assert!(held, "{algorithm} is offered, and no key is there");
    }
    assert!(algorithms.contains(&json!("RS256")), "Discovery 1.0, 3, where a client is registered for it");
    for (claims, scope) in [("email", "email"), ("given_name", "profile"), ("birthplace", "birth")] {
        assert!(metadata["claims_supported"].as_array().unwrap().contains(&json!(claims)));
        assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!(scope)));
    }
}
