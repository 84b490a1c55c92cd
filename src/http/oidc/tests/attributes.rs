//! Single attributes: what a person leaves out is nowhere in the answer.

use super::*;

/// `gender` and `family_name` one by one, `given_name` essential, all for both places; `email` by scope.
fn claims_query() -> String {
    let asked = r#"{"gender":null,"family_name":null,"given_name":{"essential":true},"email":null}"#;
    let mut claims = String::new();
    for byte in format!(r#"{{"userinfo":{asked},"id_token":{asked}}}"#).bytes() {
        claims.push_str(&format!("%{byte:02X}"));
    }
    query("policy").replace("openid+profile+birth+email", "openid+email") + "&claims=" + &claims
}

impl Bench {
    async fn choose(&self, id: &str, cookie: &str, form: &'static str) -> Answer {
        let request = Request::post(format!("/login/{id}/attributes")).header("cookie", cookie);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form)).unwrap()).await
    }

    async fn choices(&self, id: &str, cookie: &str) -> Answer {
        let request = Request::get(format!("/login/{id}/attributes?lang=en")).header("cookie", cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The claims of ID token and userinfo.
    async fn answered(&self, done: &Answer) -> (Value, Value) {
        let form = form(done.query("code").unwrap()).replace("broker", "policy");
        let tokens = self.post("/token", &form).await.json();
        let userinfo = self.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
        (self.said(&tokens), userinfo)
    }
}

#[tokio::test]
async fn a_claim_that_is_left_out_is_in_no_token_and_the_phone_never_shows_it() {
    let bench = Bench::new().await;
    let (id, cookie) = bench.begun(&claims_query()).await;
    let page = String::from_utf8(bench.choices(&id, &cookie).await.body).unwrap();
    for part in ["value=\"gender\" checked", "value=\"family_name\" checked", "<li>given names</li>"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("value=\"email\"") && !page.contains("value=\"given_name\""));
    // What is not optional cannot be left out, and what was never asked cannot be added.
    let saved = bench.choose(&id, &cookie, "claim=family_name&claim=birthdate").await;
    assert_eq!(saved.status, 303);
    let login = bench.state.database.load_login(&id).await.unwrap().unwrap();
    let left = AcceptedRequest::from_bytes(&login.request).unwrap().claims();
    let left: Vec<_> = left.into_iter().map(|claim| claim.as_str()).collect();
    assert_eq!(left, ["family_name", "given_name", "email"]);
    let again = String::from_utf8(bench.choices(&id, &cookie).await.body).unwrap();
    assert!(again.contains("value=\"gender\">") && again.contains("value=\"family_name\" checked"));

    let (id_token, userinfo) = bench.answered(&bench.released_in(&id, &cookie).await).await;
    for said in [&id_token, &userinfo] {
        assert_eq!((said.get("gender"), &said["family_name"]), (None, &json!("ERIKSSON")), "{said}");
        assert_eq!((said.get("sub").is_some(), &said["given_name"]), (true, &json!("ANNA MARIA")));
    }
}

#[tokio::test]
async fn without_a_choice_everything_asked_is_given_and_a_choice_may_be_taken_back() {
    let bench = Bench::new().await;
    let (id, cookie) = bench.begun(&claims_query()).await;
    bench.choose(&id, &cookie, "").await;
    bench.choose(&id, &cookie, "claim=gender&claim=family_name").await;
    let (id_token, userinfo) = bench.answered(&bench.released_in(&id, &cookie).await).await;
    assert_eq!((&id_token["gender"], &userinfo["gender"]), (&json!("female"), &json!("female")));
}

#[tokio::test]
async fn a_choice_is_made_in_the_browser_that_began_before_a_phone_shows_the_request() {
    let bench = Bench::new().await;
    let (id, cookie) = bench.begun(&claims_query()).await;
    let (_, other) = bench.begun(&claims_query()).await;
    assert_eq!(bench.choose(&id, &other, "").await.status, 403);
    let before = bench.state.database.load_login(&id).await.unwrap().unwrap().request;
    bench.approve(&id, &cookie).await;
    assert_eq!(bench.choose(&id, &cookie, "").await.status, 303);
    assert_eq!(bench.state.database.load_login(&id).await.unwrap().unwrap().request, before);
    // The broker asks by scope: there is nothing to choose.
    let (id, cookie) = bench.begun(&query("broker")).await;
    assert_eq!(bench.choices(&id, &cookie).await.header("location"), format!("/login/{id}?lang=en"));
}

/// What was left out once is not given by a session either.
#[tokio::test]
async fn a_session_gives_no_claim_that_was_left_out() {
    let bench = Bench::new().await;
    let (id, cookie) = bench.begun(&claims_query()).await;
    bench.choose(&id, &cookie, "claim=family_name").await;
    let done = bench.released_in(&id, &cookie).await;
    let cookies = done.headers.get_all("set-cookie").into_iter().map(|value| value.to_str().unwrap());
    let session = cookies.filter(|c| c.starts_with("sceau-sso-")).map(|c| c.split(';').next().unwrap());
    let session = session.collect::<Vec<_>>().join("; ");
    let asked = async |query: &str| {
        let query = query.replace("&prompt=login", "&prompt=none");
        let request = Request::get(format!("/authorize?{query}")).header("cookie", &session);
        bench.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(asked(&claims_query()).await.query("error"), Some("login_required"));
    let fewer = claims_query().replace("&claims=", "&x=");
    assert!(asked(&fewer).await.query("code").is_some());
}
