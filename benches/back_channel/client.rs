//! The broker: one connection, and the seven requests that it makes in a login.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use crypto::RsaPrivateKey;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use jose::{Algorithm, ContentEncryption, DecryptionKey, JwkSet, KeyManagement};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use serde_json::Value;
use tokio::net::TcpStream;

pub const CLIENT: &str = "broker";
pub const SECRET: &str = "a secret of forty characters, for tests!";
pub const REDIRECT: &str = "https://broker.example/oidc-callback";

/// Where a provider listens, and its paths.
#[derive(Clone)]
pub struct Endpoints {
    pub address: SocketAddr,
    pub userinfo: &'static str,
}

/// How long the token exchange of a login took, and the whole of it from the first to the last byte.
#[derive(Clone, Copy)]
pub struct Times {
    pub token: Duration,
    pub whole: Duration,
}

/// A connection that is kept.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    endpoints: Endpoints,
}

impl Connection {
    pub async fn open(endpoints: &Endpoints) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(endpoints.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, endpoints: endpoints.clone() })
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: impl Into<Bytes>,
    ) -> anyhow::Result<Response<Bytes>> {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::HOST, self.endpoints.address.to_string());
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(body.into()))?).await?;
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }

    async fn get(&mut self, path: &str, headers: &[(header::HeaderName, &str)]) -> anyhow::Result<Bytes> {
        let response = self.send("GET", path, headers, "").await?;
        ensure!(response.status() == 200, "{path}: {}", response.status());
        Ok(response.into_body())
    }

    async fn discovery(&mut self) -> anyhow::Result<Bytes> {
        self.get("/.well-known/openid-configuration", &[]).await
    }

    /// One back channel: discovery before the login, at the exchange and at userinfo, the keys with the last two.
    pub async fn back_channel(&mut self, code: &str) -> anyhow::Result<(Times, Answers)> {
        let started = Instant::now();
        self.discovery().await?;
        self.discovery().await?;
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={REDIRECT}&client_id={CLIENT}&client_secret={}",
            SECRET.replace(' ', "+")
        );
        let media_type = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let asked = Instant::now();
        let response = self.send("POST", "/token", &[media_type], form).await?;
        let token = asked.elapsed();
        if response.status() != 200 {
            bail!("/token: {} {}", response.status(), String::from_utf8_lossy(response.body()));
        }
        let tokens: Value = serde_json::from_slice(response.body())?;
        self.get("/jwks", &[]).await?;
        self.discovery().await?;
        let access_token = tokens["access_token"].as_str().context("access_token")?;
        let bearer = format!("Bearer {access_token}");
        let userinfo = self.get(self.endpoints.userinfo, &[(header::AUTHORIZATION, &bearer)]).await?;
        let jwks = self.get("/jwks", &[]).await?;
        let times = Times { token, whole: started.elapsed() };
        let id_token = tokens["id_token"].as_str().context("id_token")?.to_owned();
        Ok((times, Answers { id_token, userinfo, jwks }))
    }
}

/// What a login brought.
pub struct Answers {
    id_token: String,
    userinfo: Bytes,
    jwks: Bytes,
}

impl Answers {
    /// Decrypts and verifies both tokens, so that nothing else than the whole work is measured.
    pub fn check(&self, key: &RsaPrivateKey) -> anyhow::Result<()> {
        let keys = JwkSet::from_json(&self.jwks)?;
        let open = |nested: &str| -> anyhow::Result<Value> {
            let form = (KeyManagement::RsaOaep256, ContentEncryption::A256Gcm);
            let key = DecryptionKey::Rsa(Box::new(key.clone()));
            let token = key.decrypt(nested, form, &mut ChaCha20Rng::seed_from_u64(1))?;
            Ok(jose::verify(std::str::from_utf8(&token)?, &keys, &[Algorithm::Es256])?.claims()?)
        };
        let (id_token, person) = (open(&self.id_token)?, open(std::str::from_utf8(&self.userinfo)?)?);
        ensure!(id_token["acr"] == "eidas2" && id_token["sub"] == person["sub"]);
        ensure!(person["family_name"] == "ERIKSSON" && person["email"].is_string());
        Ok(())
    }
}
