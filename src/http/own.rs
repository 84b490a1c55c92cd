//! This server's own pages as a client of its own logins: a person enters them exactly as she signs in elsewhere, and the
//! phone shows "Sceau" and what she enters. The login ends in a session ([`super::session`]), never in a code: this client
//! is none that the authorization and token endpoints know.
//!
//! A change of the account is approved the same way: the login's `state` names the change, the phone shows it, and both its
//! keys sign the digest of the request that holds it.

use oidc::{AcceptedRequest, AuthorizationRequest, Client, ClientAuth, Clients, Provider, SecretDigest};
use protocol::codes::Language;
use rand_core::CryptoRng;

use super::account;
use super::pages::Texts;
use crate::{ApiError, AppState};

type Words = fn(&Texts) -> &'static str;

/// The client that our own pages are.
pub const CLIENT: &str = "sceau";
/// Its name, as pages and phones show it.
const NAME: &str = "Sceau";
/// Where a login may lead: the page behind the issuer, and its words for phone and login page.
pub(super) const ENTRANCES: [(&str, Words); 2] =
    [("/account", |t| t.account_notice), ("/desk", |t| t.desk_notice)];
/// Where the approval of a change leads.
pub(super) const APPROVAL: &str = "/account/approved";

/// The client, alone in a set of its own. Its secret is nobody's.
///
/// # Errors
/// The issuer is too long for a redirect URI.
pub fn client(issuer: &str, rng: &mut impl CryptoRng) -> Result<Clients, oidc::Error> {
    let mut secret = [0; 32];
    rng.fill_bytes(&mut secret);
    let auth = ClientAuth::SecretPost(vec![SecretDigest::of(&hex::encode(secret))?]);
    let paths = ENTRANCES.iter().map(|(path, _)| *path).chain([APPROVAL]);
    let uris = paths.map(|path| format!("{issuer}{path}")).collect();
    Clients::new([Client::new(CLIENT, NAME, uris, auth, identity::Acr::ALL.to_vec())?])
}

/// The request of a login to one of our own pages, at the highest level that the person reaches. `path` is one of the
/// [`ENTRANCES`].
///
/// # Errors
/// `request.malformed`: it is not.
pub fn request(state: &AppState, path: &str) -> Result<AcceptedRequest, ApiError> {
    let entrance = ENTRANCES.iter().find(|(entrance, _)| *entrance == path);
    let (path, _) = entrance.ok_or_else(|| ApiError::new("request.malformed").detail("no page of ours"))?;
    accepted(state, &[("redirect_uri", &format!("{}{path}", state.config.issuer))])
}

/// The request of a login that approves a change.
///
/// # Errors
/// Trouble of ours.
pub fn approval(state: &AppState, change: &str) -> Result<AcceptedRequest, ApiError> {
    let uri = [state.config.issuer.as_str(), APPROVAL].concat();
    accepted(state, &[("redirect_uri", &uri), ("state", change)])
}

fn accepted(state: &AppState, parameters: &[(&str, &str)]) -> Result<AcceptedRequest, ApiError> {
    let fixed = [
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("scope", "openid"),
        ("acr_values", "eidas3 eidas2 eidas1"),
    ];
    let query = serde_urlencoded::to_string([&fixed[..], parameters].concat()).map_err(ApiError::internal)?;
    let (keys, now) = (state.oidc_keys.now(), state.now());
    let provider =
        Provider { clients: &state.own_client, issuer: &state.config.issuer, keys: keys.public(), now };
    let request = AuthorizationRequest::parse(query.as_bytes(), &provider);
    Ok(request.map_err(|_| ApiError::internal("our own request was refused"))?.accepted)
}

/// Whether a request is for our own pages.
#[must_use]
pub fn is_own(request: &AcceptedRequest) -> bool {
    request.client_id() == CLIENT
}

/// The name of the change that a login approves, if it does.
#[must_use]
pub fn change_of<'a>(state: &AppState, request: &'a AcceptedRequest) -> Option<&'a str> {
    let path = request.redirect_uri().strip_prefix(&state.config.issuer);
    let change = request.state().filter(|_| is_own(request) && path == Some(APPROVAL))?;
    std::str::from_utf8(change).ok()
}

/// What the phone and the login page say of a login: for our own pages what is entered or changed, for others what the
/// configuration says.
///
/// # Errors
/// Trouble of the storage.
pub async fn notice(
    state: &AppState,
    request: &AcceptedRequest,
    language: Language,
) -> Result<String, ApiError> {
    if !is_own(request) {
        return Ok(state.notice(request.client_id(), language));
    }
    if let Some(change) = change_of(state, request) {
        return account::change_in_words(state, change, language).await;
    }
    let path = request.redirect_uri().strip_prefix(&state.config.issuer).unwrap_or_default();
    let entrance = ENTRANCES.iter().find(|(entrance, _)| *entrance == path);
    Ok(entrance.map_or("", |(_, words)| words(Texts::of(language))).to_owned())
}
