//! What a client's policy changes: signature, subject, sessions, tokens.

use super::*;

impl Bench {
    /// Redeems a code of a client with a secret.
    async fn tokens(&self, client: &str, code: &str) -> Answer {
        self.post("/token", &form(code).replace("broker", client)).await
    }

    fn claims(&self, jws: &str, algorithm: Algorithm) -> Value {
        let keys = self.state.oidc_keys.now();
        jose::verify(jws, keys.public(), &[algorithm]).unwrap().claims().unwrap()
    }

    /// A login of `policy` the whole way: the cookie of its session.
    async fn session(&self) -> String {
        let done = self.released("policy", "").await;
        let cookies = done.headers.get_all("set-cookie").into_iter().map(|value| value.to_str().unwrap());
        let session = cookies.filter(|cookie| cookie.starts_with("sceau-sso-")).collect::<Vec<_>>();
        let [cookie] = session[..] else { panic!("{session:?}") };
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=600")
        );
        cookie.split(';').next().unwrap().to_owned()
    }

    async fn asked(&self, cookie: &str, more: &str) -> Answer {
        let query = query("policy").replace("&prompt=login", more);
        let request = Request::get(format!("/authorize?{query}")).header("cookie", cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn a_client_that_asks_for_rs256_gets_it_and_the_broker_gets_es256() {
    let bench = Bench::new().await;
    let tokens = bench.tokens("policy", &bench.code("policy", "").await).await.json();
    let id_token = bench.claims(tokens["id_token"].as_str().unwrap(), Algorithm::Rs256);
    assert_eq!(id_token["aud"], "policy");
    let tokens = bench.tokens("broker", &bench.code("broker", "").await).await.json();
    assert_eq!(bench.claims(tokens["id_token"].as_str().unwrap(), Algorithm::Es256)["aud"], "broker");
    let jwks = bench.get("/jwks").await.json();
    let kinds: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| key["alg"].clone()).collect();
    assert_eq!(kinds, [json!("ES256"), json!("RS256")]);
    for key in jwks["keys"].as_array().unwrap() {
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
    let metadata = bench.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["id_token_signing_alg_values_supported"], json!(["ES256", "RS256"]));
}

/// OpenID Connect Core, 8.1; claims as a JSON object, 5.3.2.
#[tokio::test]
async fn a_pairwise_subject_is_the_same_at_each_login_and_another_than_the_public_one() {
    let bench = Bench::new().await;
    let mut subjects = Vec::new();
    for client in ["policy", "policy", "broker"] {
        let tokens = bench.tokens(client, &bench.code(client, "").await).await.json();
        let jws = tokens["id_token"].as_str().unwrap();
        let algorithm = if client == "broker" { Algorithm::Es256 } else { Algorithm::Rs256 };
        let subject = bench.claims(jws, algorithm)["sub"].clone();
        let userinfo = bench.userinfo(tokens["access_token"].as_str().unwrap()).await;
        if client == "policy" {
            assert_eq!(userinfo.header("content-type"), "application/json");
            assert_eq!(userinfo.json()["sub"], subject, "equal in both");
        }
        subjects.push(subject);
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_ne!(subjects[0], subjects[2]);
}

#[tokio::test]
async fn a_reusable_token_reads_the_claims_until_its_end() {
    let bench = Bench::new().await;
    let tokens = bench.tokens("policy", &bench.code("policy", "").await).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!((bench.userinfo(token).await.status, bench.userinfo(token).await.status), (200, 200));
    bench.clock.advance(60);
    assert_eq!(bench.userinfo(token).await.status, 401);
}

/// OpenID Connect Core, 3.1.2.1, 3.1.2.3: the same person, the same `auth_time`.
#[tokio::test]
async fn a_session_answers_without_a_phone_for_its_time() {
    let bench = Bench::new().await;
    let cookie = bench.session().await;
    for more in ["&prompt=none", "", "&max_age=60", "&prompt=none&max_age=10000"] {
        bench.clock.advance(1);
        let done = bench.asked(&cookie, more).await;
        let code = done.query("code").unwrap_or_else(|| panic!("{more}: {}", done.header("location")));
        let tokens = bench.tokens("policy", code).await.json();
        let id_token = bench.claims(tokens["id_token"].as_str().unwrap(), Algorithm::Rs256);
        assert_eq!((&id_token["auth_time"], &id_token["acr"]), (&json!(NOW.0), &json!("eidas2")));
        let hint = format!("&prompt=none&id_token_hint={}", tokens["id_token"].as_str().unwrap());
        assert!(bench.asked(&cookie, &hint).await.query("code").is_some(), "the same person");
    }
    let lines = bench.state.database.connections_of(&bench.identity_id, 100).await.unwrap();
    assert_eq!(lines.len(), 9, "each stands in her history");
    bench.clock.advance(600);
    assert_eq!(bench.asked(&cookie, "&prompt=none").await.query("error"), Some("login_required"));
}

#[tokio::test]
async fn a_session_does_not_answer_what_it_may_not() {
    let bench = Bench::new().await;
    let cookie = bench.session().await;
    bench.clock.advance(10);
    let refused = async |cookie: &str, more: &str| {
        let answer = bench.asked(cookie, &format!("{more}&prompt=none")).await;
        assert_eq!(answer.query("code"), None, "{more}");
        answer.query("error").map(str::to_owned)
    };
    let login_required = Some("login_required".to_owned());
    assert_eq!(refused(&cookie, "&max_age=9").await, login_required, "older than asked");
    assert_eq!(refused("", "").await, login_required, "another browser");
    assert_eq!(refused("sceau-sso-0000000000000000=AAAA", "").await, login_required);
    for prompt in ["&prompt=login", "&prompt=consent", "&max_age=0"] {
        let page = bench.asked(&cookie, prompt).await;
        assert!(page.header("location").starts_with("/login/"), "{prompt}");
    }
    // A level that nobody approved here.
    let query = query("policy").replace("eidas2", "eidas1").replace("prompt=login", "prompt=none");
    let request = Request::get(format!("/authorize?{query}")).header("cookie", &cookie);
    assert_eq!(bench.send(request.body(Body::empty()).unwrap()).await.query("error"), Some("login_required"));
    // The broker's policy has no session, whatever cookie comes.
    let done = bench.released("broker", "").await;
    let cookies = done.headers.get_all("set-cookie").into_iter().map(|value| value.to_str().unwrap());
    assert!(cookies.into_iter().all(|cookie| !cookie.starts_with("sceau-sso-")));
}

#[tokio::test]
async fn a_session_ends_with_a_logout_and_with_the_identity() {
    let bench = Bench::new().await;
    let cookie = bench.session().await;
    let other = bench.session().await;
    let logout = Request::get("/logout").header("cookie", &cookie);
    let out = bench.send(logout.body(Body::empty()).unwrap()).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(bench.asked(&cookie, "&prompt=none").await.query("error"), Some("login_required"));
    assert!(bench.asked(&other, "&prompt=none").await.query("code").is_some(), "another browser's stays");
    let becomes = async |from, to| {
        let database = &bench.state.database;
        assert_eq!(database.set_identity_state(&bench.identity_id, from, to, "test", NOW).await, Ok(true));
    };
    becomes(IdentityState::Active, IdentityState::Paused).await;
    assert_eq!(bench.asked(&other, "&prompt=none").await.query("error"), Some("login_required"));
    becomes(IdentityState::Paused, IdentityState::Active).await;
    assert_eq!(bench.asked(&other, "&prompt=none").await.query("error"), Some("login_required"), "for good");
    let third = bench.session().await;
    becomes(IdentityState::Active, IdentityState::Blocked).await;
    assert_eq!(bench.asked(&third, "&prompt=none").await.query("error"), Some("login_required"));
}

#[tokio::test]
async fn a_session_ends_with_its_phone_and_with_the_account() {
    let bench = Bench::new().await;
    let cookie = bench.session().await;
    let database = &bench.state.database;
    assert!(database.revoke_device(&protocol::device_id(&bench.phone.public_key())).await.unwrap());
    assert_eq!(bench.asked(&cookie, "&prompt=none").await.query("error"), Some("login_required"));
    let bench = Bench::new().await;
    let cookie = bench.session().await;
    assert!(bench.state.database.erase_identity(&bench.identity_id, vec![], NOW).await.unwrap());
    assert_eq!(bench.asked(&cookie, "&prompt=none").await.query("error"), Some("login_required"));
}

/// OpenID Connect Core, 5.5: claims asked one by one, each in its place.
#[tokio::test]
async fn claims_asked_for_the_id_token_stand_in_the_id_token() {
    let bench = Bench::new().await;
    let claims = "%7B%22id_token%22:%7B%22gender%22:null%7D,%22userinfo%22:%7B%22email%22:%7B%22essential%22:true%7D%7D%7D";
    let narrow = format!("&claims={claims}");
    let query = query("policy").replace("+profile+birth+email", "").replace("&prompt=login", "");
    let tokens = bench.tokens("policy", &bench.code_by(&query, &narrow).await).await.json();
    let id_token = bench.claims(tokens["id_token"].as_str().unwrap(), Algorithm::Rs256);
    assert_eq!((&id_token["gender"], id_token.get("email")), (&json!("female"), None));
    let userinfo = bench.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
    assert_eq!((&userinfo["email"], userinfo.get("gender")), (&json!("anna@example.org"), None));
    assert_eq!(userinfo["declared_claims"], json!(["email"]));
}

/// OpenID Connect Core, 3.1.2.1: `id_token_hint` names the one person who may log in.
#[tokio::test]
async fn a_hint_lets_its_own_person_in_and_nobody_else() {
    let bench = Bench::new().await;
    let tokens = bench.tokens("broker", &bench.code("broker", "").await).await.json();
    let hint = format!("&id_token_hint={}", tokens["id_token"].as_str().unwrap());
    let code = bench.code("broker", &hint).await;
    assert_eq!(bench.tokens("broker", &code).await.status, 200);
    let other = "&claims=%7B%22id_token%22:%7B%22sub%22:%7B%22value%22:%22another%22%7D%7D%7D";
    let code = bench.code("broker", other).await;
    assert_eq!(bench.tokens("broker", &code).await.refused(), (400, "invalid_grant".into()));
}
