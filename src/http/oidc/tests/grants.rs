//! What a code and a token give, and what uses them up.

use super::*;
use identity::IdentityState;
use oidc::ASSERTION_TYPE;
use storage::{NewToken, RedeemOutcome};

impl Bench {
    async fn redeem(&self, code: &str) -> Answer {
        self.post("/token", &form(code)).await
    }

    /// An access token, the whole way.
    async fn token(&self) -> String {
        let tokens = self.redeem(&self.code("broker", "").await).await.json();
        tokens["access_token"].as_str().unwrap().to_owned()
    }

    async fn becomes(&self, from: IdentityState, to: IdentityState) {
        let database = &self.state.database;
        assert!(database.set_identity_state(&self.identity_id, from, to, "test", NOW).await.unwrap());
    }

    fn keys(&self) -> JwkSet {
        self.state.oidc_keys.now().public().clone()
    }

    /// The form of the client `jwt` with an assertion of this name.
    fn asserted(&self, code: &str, jti: &str) -> String {
        let audience = "http://localhost:8080";
        let claims = json!({"iss": "jwt", "sub": "jwt", "aud": audience, "exp": NOW.0 + 60, "jti": jti});
        format!(
            "grant_type=authorization_code&code={code}&redirect_uri=https://jwt.example/cb\
             &client_assertion_type={ASSERTION_TYPE}&client_assertion={}",
            jose::sign(&self.client_key, None, &claims)
        )
    }
}

#[tokio::test]
async fn a_code_becomes_tokens_and_a_token_becomes_claims() {
    let bench = Bench::new().await;
    let answer = bench.redeem(&bench.code("broker", "").await).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    assert_eq!(answer.header("content-type"), "application/json");
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(60)));
    let verified =
        jose::verify(tokens["id_token"].as_str().unwrap(), &bench.keys(), &[Algorithm::Es256]).unwrap();
    let id_token: Value = verified.claims().unwrap();
    assert_eq!((&id_token["iss"], &id_token["aud"]), (&json!("http://localhost:8080"), &json!("broker")));
    assert_eq!((&id_token["acr"], &id_token["nonce"]), (&json!("eidas2"), &json!("n")));

    let answer = bench.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/jwt"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let jwt = String::from_utf8(answer.body).unwrap();
    let person: Value = jose::verify(&jwt, &bench.keys(), &[Algorithm::Es256]).unwrap().claims().unwrap();
    assert_eq!((&person["sub"], &person["family_name"]), (&id_token["sub"], &json!("ERIKSSON")));
    assert_eq!(person["declared_claims"], json!(["birthplace", "birthcountry", "email"]));
    assert!(bench.audited().await.contains(&("login.redeemed".into(), "broker eidas2".into())));
}

#[tokio::test]
async fn a_code_used_twice_revokes_its_token() {
    let bench = Bench::new().await;
    let code = bench.code("broker", "").await;
    let token = bench.redeem(&code).await.json()["access_token"].as_str().unwrap().to_owned();
    let again = bench.redeem(&code).await;
    assert_eq!(again.refused(), (400, "invalid_grant".into()));
    assert_eq!(again.header("cache-control"), "no-store");
    assert_eq!(bench.userinfo(&token).await.status, 401);
    assert!(bench.audited().await.contains(&("login.code-reused".into(), "".into())));
}

#[tokio::test]
async fn a_token_reads_the_claims_once() {
    let bench = Bench::new().await;
    let token = bench.token().await;
    let post = Request::post("/userinfo").header("authorization", format!("bearer {token}"));
    assert_eq!(bench.send(post.body(Body::empty()).unwrap()).await.status, 200, "by POST");
    let again = bench.userinfo(&token).await;
    assert_eq!(again.status, 401);
    assert!(again.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
}

/// RFC 9700, 4.5.3: who holds the code only must not get a second try.
#[tokio::test]
async fn a_code_that_came_with_the_wrong_verifier_or_redirect_uri_is_used_up() {
    let bench = Bench::new().await;
    let pkce = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let other_verifier = VERIFIER.replace('d', "e");
    for verifier in ["", "short", &other_verifier] {
        let code = bench.code("broker", &pkce).await;
        let with = |verifier: &str| format!("{}&code_verifier={verifier}", form(&code));
        assert_eq!(bench.post("/token", &with(verifier)).await.refused(), (400, "invalid_grant".into()));
        assert_eq!(
            bench.post("/token", &with(VERIFIER)).await.refused(),
            (400, "invalid_grant".into()),
            "{verifier}"
        );
    }
    let code = bench.code("broker", &pkce).await;
    let right = format!("{}&code_verifier={VERIFIER}", form(&code));
    assert_eq!(bench.post("/token", &right).await.status, 200);
    let code = bench.code("broker", "").await;
    let elsewhere = form(&code).replace("example/cb", "example/other");
    assert_eq!(bench.post("/token", &elsewhere).await.refused(), (400, "invalid_grant".into()));
    assert_eq!(bench.redeem(&code).await.refused(), (400, "invalid_grant".into()));
    let refusals = bench.audited().await.into_iter().filter(|(code, _)| code == "login.grant-refused");
    assert_eq!(refusals.count(), 4);
}

#[tokio::test]
async fn a_code_is_good_still_after_a_client_that_did_not_prove_itself() {
    let bench = Bench::new().await;
    let code = bench.code("broker", "").await;
    let wrong = form(&code).replace("forty", "fifty");
    assert_eq!(bench.post("/token", &wrong).await.refused(), (401, "invalid_client".into()));
    let other = bench.asserted(&code, "1").replace("jwt.example", "broker.example");
    assert_eq!(bench.post("/token", &other).await.refused(), (400, "invalid_grant".into()), "another client");
    assert_eq!(bench.redeem(&code).await.status, 200);
}

#[tokio::test]
async fn an_assertion_counts_once() {
    let bench = Bench::new().await;
    let first = bench.post("/token", &bench.asserted(&bench.code("jwt", "").await, "1")).await;
    assert_eq!(first.status, 200);
    let code = bench.code("jwt", "").await;
    let replayed = bench.post("/token", &bench.asserted(&code, "1")).await;
    assert_eq!(replayed.refused(), (401, "invalid_client".into()));
    assert_eq!(
        bench.post("/token", &bench.asserted(&code, "2")).await.status,
        200,
        "the code was not touched"
    );
    assert!(bench.audited().await.contains(&("client.assertion-reused".into(), "".into())));
}

#[tokio::test]
async fn an_identity_that_was_blocked_meanwhile_gets_no_tokens_and_gives_no_claims() {
    use IdentityState::{Active, Blocked, Paused};
    let bench = Bench::new().await;
    let (code, token) = (bench.code("broker", "").await, bench.token().await);
    bench.becomes(Active, Blocked).await;
    assert_eq!(bench.redeem(&code).await.refused(), (400, "invalid_grant".into()));
    let refused = bench.userinfo(&token).await;
    assert_eq!((refused.status, refused.code.as_deref()), (401, Some("invalid_token")));
    assert!(bench.audited().await.contains(&("login.identity-refused".into(), "broker blocked".into())));
    bench.becomes(Blocked, Active).await;
    assert_eq!(bench.redeem(&code).await.refused(), (400, "invalid_grant".into()), "used up");
    assert_eq!(bench.userinfo(&token).await.status, 401, "used up");
    let code = bench.code("broker", "").await;
    bench.becomes(Active, Paused).await;
    assert_eq!(bench.redeem(&code).await.refused(), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn an_erased_identity_gives_nothing() {
    let bench = Bench::new().await;
    let (code, token) = (bench.code("broker", "").await, bench.token().await);
    assert!(bench.state.database.erase_identity(&bench.identity_id, vec![], NOW).await.unwrap());
    assert_eq!(bench.redeem(&code).await.refused(), (400, "invalid_grant".into()));
    assert_eq!(bench.userinfo(&token).await.status, 401);
}

#[tokio::test]
async fn a_code_and_a_token_end_in_their_time() {
    let bench = Bench::new().await;
    let code = bench.code("broker", "").await;
    bench.clock.advance(30);
    assert_eq!(bench.redeem(&code).await.refused(), (400, "invalid_grant".into()));
    let token = bench.token().await;
    bench.clock.advance(60);
    assert_eq!(bench.userinfo(&token).await.status, 401);
}

/// The row is not sealed: what was changed in it from outside must not pass.
#[tokio::test]
async fn an_approval_of_another_login_gives_no_tokens() {
    let bench = Bench::new().await;
    let code = bench.code("broker", "").await;
    let redeemed =
        bench.state.database.redeem_code(code.as_bytes(), "broker", NewToken::once(b"token"), NOW).await;
    let Ok(RedeemOutcome::Redeemed(grant)) = redeemed else { panic!("not redeemed") };
    assert!(Granted::read(&bench.state, *grant.clone(), NOW).await.is_ok());
    let other = |change: fn(&mut Grant)| {
        let mut other = *grant.clone();
        change(&mut other);
        other
    };
    for changed in [
        other(|grant| grant.login_id.push('x')),
        other(|grant| grant.device_id = Some("x".into())),
        other(|grant| grant.answer = None),
        other(|grant| grant.request[0] ^= 1),
    ] {
        assert!(matches!(Granted::read(&bench.state, changed, NOW).await, Err(NotGranted::Trouble(_))));
    }
    for (why, changed) in [
        ("erased", other(|grant| grant.account = None)),
        ("phone revoked", other(|grant| grant.phone_counts = false)),
    ] {
        assert!(
            matches!(Granted::read(&bench.state, changed, NOW).await, Err(NotGranted::Identity(w)) if w == why)
        );
    }
}
