//! The pages, as a browser with one cookie sees them.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use tower::ServiceExt as _;

use super::provider::{Fault, Provider};
use super::{broker_of, config, url_of, userinfo};

/// A browser.
struct Browser {
    app: Router,
    cookie: Option<String>,
}

struct Page {
    status: StatusCode,
    location: String,
    body: String,
}

impl Browser {
    fn new(provider: &Provider) -> Self {
        Self { app: crate::router(Arc::new(broker_of(config(provider)).0)), cookie: None }
    }

    async fn go(&mut self, method: &str, path: &str) -> Page {
        let request = Request::builder().method(method).uri(path).header("accept-language", "en");
        let request = request.header("cookie", self.cookie.as_deref().unwrap_or("other=1"));
        let response = self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        assert!(header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert_eq!(header("cache-control").unwrap(), "no-store");
        if let Some(cookie) = header("set-cookie") {
            assert!(cookie.contains("; HttpOnly; SameSite=Lax"));
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        let (status, location) = (response.status(), header("location").unwrap_or_default());
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Page { status, location, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&mut self, path: &str) -> Page {
        self.go("GET", path).await
    }

    /// To the provider and back with what `change` makes of the callback.
    async fn log_in(
        &mut self,
        provider: &Provider,
        change: impl FnOnce(&mut Vec<(&'static str, String)>),
    ) -> Page {
        let away = self.get("/login?lang=en").await;
        assert_eq!(away.status, StatusCode::SEE_OTHER);
        let mut callback = provider.approve(&away.location);
        change(&mut callback);
        self.get(url_of(&callback).strip_prefix("http://127.0.0.1:9000").unwrap()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_sees_the_identity_and_signs_out() {
    let provider = Provider::start(Fault::default());
    let mut browser = Browser::new(&provider);
    assert!(browser.get("/").await.body.contains("Sign in with FranceConnect (demo)"));
    assert!(browser.get("/?lang=fr").await.body.contains("Se connecter avec FranceConnect (démo)"));
    assert!(browser.get("/providers").await.body.contains("href=\"/login?lang=en\""));
    let back = browser.log_in(&provider, |_| ()).await;
    assert_eq!((back.status, &*back.location), (StatusCode::SEE_OTHER, "/?lang=en"));
    let page = browser.get("/").await.body;
    for part in
        ["<dd data-claim=\"family_name\">Eriksson</dd>", "data-acr=\"eidas2\"", "nonce of this request"]
    {
        assert!(page.contains(part), "{part}");
    }
    browser.go("POST", "/logout").await;
    assert!(!browser.get("/").await.body.contains("Eriksson"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leads_back_to_the_choice_with_a_banner() {
    let provider = Provider::start(Fault::default());
    let mut browser = Browser::new(&provider);
    let back = browser.log_in(&provider, |callback| callback[0] = ("error", "access_denied".into())).await;
    assert_eq!(back.location, "/providers?lang=en");
    let page = browser.get("/providers").await.body;
    assert!(page.contains("role=\"alert\"") && page.contains("<code>access_denied</code>"));
    assert!(page.contains("The person refused; start again."));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_and_a_second_callback_are_refused() {
    let provider = Provider::start(Fault::default());
    let mut browser = Browser::new(&provider);
    let away = browser.get("/login").await;
    let path = url_of(&provider.approve(&away.location)).replace("http://127.0.0.1:9000", "");
    let mut other = Browser { app: browser.app.clone(), cookie: None };
    assert_eq!(other.get(&path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.get(&path).await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get(&path).await.status, StatusCode::FORBIDDEN);
    assert_eq!(provider.forms().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_shows_the_code_of_franceconnect() {
    let provider = Provider::start(userinfo(serde_json::json!({ "gender": "other" })));
    let page = Browser::new(&provider).log_in(&provider, |_| ()).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("data-error=\"Y600006\""));
    let page = Browser::new(&provider).log_in(&provider, |callback| callback[1].1.push('0')).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("data-error=\"Y020022\""));
}

/// A fault of a deployer's own configuration, and the words that the page has for it.
#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_told_with_what_to_do() {
    let id_token = |members| Fault { id_token: members, ..Fault::default() };
    let json = |name: &str, value: serde_json::Value| serde_json::json!({ name: value });
    for (fault, advice) in [
        (id_token(json("nbf", 1.into())), "Do not send nbf"),
        (id_token(json("aud", "other".into())), "aud is the broker&#39;s client_id"),
        (id_token(json("acr", serde_json::Value::Null)), "acr, in the ID token, is the level asked or above"),
        (Fault { id_token_key: true, ..Fault::default() }, "stands in jwks_uri, with the same kid"),
        (Fault { plain_userinfo: true, ..Fault::default() }, "userinfo answers as application/jwt"),
        (Fault { redirect_token: true, ..Fault::default() }, "answers 200 in JSON, without redirect"),
        (userinfo(json("nbf", 1.into())), "Do not send nbf"),
        (userinfo(json("email", serde_json::Value::Null)), "allow the client the scope email"),
    ] {
        let provider = Provider::start(fault);
        let page = Browser::new(&provider).log_in(&provider, |_| ()).await;
        assert!(page.body.contains(advice), "{advice}: {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_says_is_escaped() {
    let provider = Provider::start(userinfo(serde_json::json!({ "family_name": "<b>x</b>" })));
    let mut browser = Browser::new(&provider);
    browser.log_in(&provider, |_| ()).await;
    let page = browser.get("/").await.body;
    assert!(page.contains("&#60;b&#62;x") && !page.contains("<b>x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_fails_shows_what_was_passed_and_what_was_not_looked_at() {
    let provider = Provider::start(userinfo(serde_json::json!({ "birthplace": "Paris" })));
    let mut browser = Browser::new(&provider);
    let page = browser.log_in(&provider, |_| ()).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    for part in [
        "data-error=\"Y600006\"",
        "identity refused: birthplace",
        "The INSEE code of the commune, five characters",
        "userinfo: the same sub as the ID token",
        "register (simulated)",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(
        !page.body.contains("identity: the form of each attribute"),
        "neither passed nor left open: it failed"
    );
}
