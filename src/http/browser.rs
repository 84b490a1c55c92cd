//! The browser that began a login (docs/protocols.md, section 6.2): a fresh 256-bit secret in a cookie of its own
//! name. Page, release, cancel and resume ask for it.
//!
//! The handles of the QR code and of the link are derived from the secret, so the page can show them again although
//! the database knows their digests only, and neither tells the other or the secret.

use axum::http::{HeaderMap, HeaderValue, header};
use crypto::hkdf_sha256;
use protocol::Base64;
use protocol::approval::LoginKind;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::AppState;

/// How long the cookie lives, in seconds: the broker's own limit.
const LIFE: i64 = 600;

/// The secret of a browser for one login.
pub struct BrowserSecret(Zeroizing<[u8; 32]>);

impl BrowserSecret {
    /// Makes one.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *secret);
        Self(secret)
    }

    /// The secret that a browser sends for this login.
    #[must_use]
    pub fn of(state: &AppState, headers: &HeaderMap, login_id: &str) -> Option<Self> {
        let value = cookie_value(state, headers, login_id)?;
        let bytes = Zeroizing::new(value.parse::<Base64>().ok()?.0);
        Some(Self(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The handle of the QR code, or of the link: 128 bits in base64url.
    #[must_use]
    pub fn handle(&self, login_id: &str, kind: LoginKind) -> String {
        let info = [b"sceau/login-handle/v1\0", kind.as_str().as_bytes()].concat();
        Base64(hkdf_sha256(self.bytes(), login_id.as_bytes(), &info, 16).to_vec()).to_string()
    }

    /// The header that gives the browser its secret.
    #[must_use]
    pub fn set_cookie(&self, state: &AppState, login_id: &str) -> Option<HeaderValue> {
        cookie(state, login_id, &Base64(self.0.to_vec()).to_string(), LIFE)
    }
}

/// The header that takes the secret back.
#[must_use]
pub fn clear_cookie(state: &AppState, login_id: &str) -> Option<HeaderValue> {
    cookie(state, login_id, "", 0)
}

/// The value of a cookie of ours.
pub(super) fn cookie_value<'a>(state: &AppState, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = cookie_name(state, name);
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(n, _)| *n == name).map(|(_, value)| value)
}

/// `__Host-`: sent over https, to this host, for all its paths; no other host can set it (RFC 6265bis, 4.1.3.2). A
/// demo on plain http has no https to ask for, so its cookie has neither prefix nor `Secure`.
fn cookie_name(state: &AppState, name: &str) -> String {
    let prefix = if state.config.issuer_is_loopback() { "" } else { "__Host-" };
    format!("{prefix}sceau-{name}")
}

/// A cookie of ours for `life` seconds. `Lax`: the broker's redirect brings the browser here by a top-level GET.
pub(super) fn cookie(state: &AppState, name: &str, value: &str, life: i64) -> Option<HeaderValue> {
    let secure = if state.config.issuer_is_loopback() { "" } else { "; Secure" };
    let name = cookie_name(state, name);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life}{secure}");
    HeaderValue::try_from(text).ok()
}
