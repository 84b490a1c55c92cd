//! The keys that clients publish for encryption. A set is fetched before a login begins and again in the background, never
//! while the client waits for its tokens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use clock::UnixTime;
use jose::{EncryptionKey, JwkSet, MAX_LEN};
use oidc::Client;

/// A set that is younger is not fetched again when a login begins, in seconds.
const FRESH: i64 = 60;
/// A set that is older begins no login, in seconds: a key that is published no more is not encrypted to.
const STALE: i64 = 600;
/// How long a fetch may take, from the look-up of the name to the last byte.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why a client's tokens cannot be encrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoKey {
    /// The set could not be fetched, or not read.
    #[error("{url}: {reason}")]
    Unavailable {
        /// Where it should be.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The set holds no key for the client's algorithm.
    #[error("the client publishes no key for {0}")]
    NoneForAlgorithm(&'static str),
}

/// The sets, by client.
#[derive(Default)]
pub struct ClientKeys(BTreeMap<String, Source>);

struct Source {
    /// Where the set is fetched; a set of a file has none, and is as fresh as the configuration.
    url: Option<String>,
    kept: Mutex<Option<Kept>>,
    /// One fetch at a time.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    keys: Arc<JwkSet>,
    /// The key in it for the client's algorithm, once it was looked for: reading an RSA key costs a third of its use.
    chosen: Arc<OnceLock<Option<Arc<EncryptionKey>>>>,
    at: UnixTime,
}

impl Kept {
    fn new(keys: JwkSet, at: UnixTime) -> Self {
        Self { keys: Arc::new(keys), chosen: Arc::default(), at }
    }
}

impl ClientKeys {
    /// The set of a client that publishes it.
    pub fn fetched(&mut self, client_id: &str, url: &str) {
        self.0.insert(client_id.to_owned(), Source::new(Some(url.to_owned()), None));
    }

    /// The set of a client that was handed over.
    pub fn known(&mut self, client_id: &str, keys: JwkSet) {
        let kept = Kept::new(keys, UnixTime(i64::MAX));
        self.0.insert(client_id.to_owned(), Source::new(None, Some(kept)));
    }

    /// The client's tokens can be encrypted: the set is fetched if it is not fresh. One that cannot be fetched does as
    /// long as it is not stale.
    ///
    /// # Errors
    /// [`NoKey`]: then no login begins.
    pub async fn ready(&self, client: &Client, now: UnixTime) -> Result<(), NoKey> {
        let Some(source) = self.0.get(client.id()) else { return Ok(()) };
        if source.age(now).is_none_or(|age| age > FRESH) {
            let outcome = source.fetch(now, FRESH).await;
            if source.age(now).is_none_or(|age| age > STALE) {
                outcome?;
            }
        }
        self.key(client).map(drop)
    }

    /// The key to encrypt a client's tokens to, from memory; `None`: they are not encrypted.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn key(&self, client: &Client) -> Result<Option<Arc<EncryptionKey>>, NoKey> {
        let Some(encryption) = client.encryption() else { return Ok(None) };
        let none = NoKey::NoneForAlgorithm(encryption.alg.name());
        let kept = self.0.get(client.id()).and_then(Source::kept).ok_or_else(|| none.clone())?;
        // A client has one algorithm, so the set's key for it is always the same.
        let choose = || EncryptionKey::select(&kept.keys, encryption.alg).map(Arc::new).ok();
        kept.chosen.get_or_init(choose).clone().map(Some).ok_or(none)
    }

    /// Fetches the sets that will be stale before the next look after `seconds`; trouble is logged.
    pub async fn refresh(&self, now: UnixTime, seconds: i64) {
        for (client, source) in &self.0 {
            let due = STALE - 2 * seconds;
            if source.age(now).is_none_or(|age| age >= due)
                && let Err(error) = source.fetch(now, due).await
            {
                tracing::warn!(client, %error, "the client's keys");
            }
        }
    }
}

impl Source {
    fn new(url: Option<String>, kept: Option<Kept>) -> Self {
        Self { url, kept: Mutex::new(kept), fetching: tokio::sync::Mutex::new(()) }
    }

    fn kept(&self) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Seconds since the set was fetched.
    fn age(&self, now: UnixTime) -> Option<i64> {
        self.kept().map(|kept| now.0.saturating_sub(kept.at.0))
    }

    /// Fetches the set, unless another task just did.
    async fn fetch(&self, now: UnixTime, fresh: i64) -> Result<(), NoKey> {
        let Some(url) = self.url.clone() else { return Ok(()) };
        let _one = self.fetching.lock().await;
        if self.age(now).is_some_and(|age| age <= fresh.min(FRESH)) {
            return Ok(());
        }
        let failed = |reason: String| NoKey::Unavailable { url: url.clone(), reason };
        let target = url.clone();
        let fetched = tokio::task::spawn_blocking(move || download(&target)).await;
        let keys = fetched.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
        let kept = Kept::new(keys, now);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(())
    }
}

/// One request, no redirect: the set is where the configuration says or nowhere.
fn download(url: &str) -> Result<JwkSet, String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).max_redirects(0).build();
    let mut response = ureq::Agent::new_with_config(config)
        .get(url)
        .header("accept", "application/jwk-set+json, application/json")
        .call()
        .map_err(|error| error.to_string())?;
    if response.status() != 200 {
        return Err(format!("status {}", response.status()));
    }
    let body = response.body_mut().with_config().limit(MAX_LEN as u64).read_to_vec();
    JwkSet::from_json(&body.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}
