//! A tiny provider that signs with `p256`, right or with one thing wrong.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::url::Url;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use crate::EncryptionKey;

pub(super) const CLIENT: &str = "demo-broker";
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(super) const NOW: i64 = 1_800_000_000;
const ACCESS_TOKEN: &str = "access-token";

/// Changes one thing of a right provider.
#[derive(Default)]
pub(super) struct Fault {
    /// Members of the ID token put in place of the right ones; null leaves one out.
    pub(super) id_token: Value,
    /// The same of userinfo.
    pub(super) userinfo: Value,
    /// The same of the metadata.
    pub(super) metadata: Value,
    /// Signs the ID token with a key that is not published.
    pub(super) id_token_key: bool,
    /// Signs userinfo with a key that is not published.
    pub(super) userinfo_key: bool,
    /// Answers userinfo with plain JSON.
    pub(super) plain_userinfo: bool,
    /// Redirects the token endpoint.
    pub(super) redirect_token: bool,
    /// Encrypts the ID token to this key; no fault where that is agreed.
    pub(super) id_token_to: Option<Arc<EncryptionKey>>,
    /// The same of userinfo.
    pub(super) userinfo_to: Option<Arc<EncryptionKey>>,
}

fn sealed(to: &Option<Arc<EncryptionKey>>, token: String) -> String {
    to.as_ref().map_or_else(|| token.clone(), |key| key.seal(&token, |_| ()))
}

struct Shared {
    base: String,
    fault: Fault,
    nonce: Mutex<String>,
    forms: Mutex<Vec<HashMap<String, String>>>,
}

pub(super) struct Provider(Arc<Shared>);

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn key(published: bool) -> SigningKey {
    SigningKey::from_slice(&[if published { 7 } else { 9 }; 32]).unwrap()
}

fn jws(published: bool, claims: &Value) -> String {
    let header = encode(br#"{"alg":"ES256","kid":"k1"}"#);
    let signed = format!("{header}.{}", encode(claims.to_string().as_bytes()));
    let signature: Signature = key(published).sign(signed.as_bytes());
    format!("{signed}.{}", encode(&signature.to_bytes()))
}

fn changed(mut right: Value, fault: &Value) -> Value {
    let members = right.as_object_mut().unwrap();
    for (name, value) in fault.as_object().into_iter().flatten() {
        members.insert(name.clone(), value.clone());
        if value.is_null() {
            members.remove(name);
        }
    }
    right
}

impl Provider {
    /// Starts a provider in a thread of its own.
    pub(super) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { base, fault, nonce: Mutex::default(), forms: Mutex::default() });
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(shared.clone());
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                axum::serve(listener, app).await.unwrap();
            });
        });
        Self(shared)
    }

    pub(super) fn issuer(&self) -> String {
        self.0.base.clone()
    }

    /// What the token endpoint was sent.
    pub(super) fn forms(&self) -> Vec<HashMap<String, String>> {
        self.0.forms.lock().unwrap().clone()
    }

    /// Lets the person in: the parameters of the right callback.
    pub(super) fn approve(&self, authorize_url: &str) -> Vec<(&'static str, String)> {
        let url = Url::parse(authorize_url).unwrap();
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        *self.0.nonce.lock().unwrap() = query["nonce"].clone();
        vec![("code", "the code".into()), ("state", query["state"].clone()), ("iss", self.issuer())]
    }
}

async fn metadata(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let base = &shared.base;
    let right = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "jwks_uri": format!("{base}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": true,
    });
    Json(changed(right, &shared.fault.metadata))
}

async fn jwks() -> Json<Value> {
    let point = key(true).verifying_key().to_sec1_point(false);
    let (x, y) = (encode(point.x().unwrap()), encode(point.y().unwrap()));
    let right =
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "k1", "x": x, "y": y });
    Json(json!({ "keys": [right] }))
}

async fn token(State(shared): State<Arc<Shared>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let known = form.get("client_secret").map(String::as_str) == Some(SECRET);
    shared.forms.lock().unwrap().push(form);
    if shared.fault.redirect_token {
        return (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response();
    }
    if !known {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    let right = json!({
        "iss": shared.base, "aud": CLIENT, "sub": "subject-1", "iat": NOW, "exp": NOW + 60, "acr": "eidas2",
        "amr": ["pop", "pin"], "nonce": *shared.nonce.lock().unwrap(), "at_hash": "Pxa-1wifRlPl7yG_0oJNfw",
    });
    let id_token = jws(!shared.fault.id_token_key, &changed(right, &shared.fault.id_token));
    let id_token = sealed(&shared.fault.id_token_to, id_token);
    Json(json!({ "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 60, "id_token": id_token }))
        .into_response()
}

async fn userinfo(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if headers["authorization"] != format!("Bearer {ACCESS_TOKEN}") || headers["accept"] != "application/jwt"
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let right = json!({
        "iss": shared.base, "aud": CLIENT, "sub": "subject-1",
        "given_name": "Anna Maria", "family_name": "Eriksson", "birthdate": "1974-08-12", "gender": "female",
        "birthplace": "75107", "birthcountry": "99100", "email": "anna@example.fr", "preferred_username": "Eriksson",
    });
    let claims = changed(right, &shared.fault.userinfo);
    if shared.fault.plain_userinfo {
        return Json(claims).into_response();
    }
    let answer = sealed(&shared.fault.userinfo_to, jws(!shared.fault.userinfo_key, &claims));
    ([("content-type", "application/jwt")], answer).into_response()
}
