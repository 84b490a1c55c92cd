//! Client-initiated backchannel authentication in poll mode (CIBA Core 1.0): a client asks a person on her phone, without a
//! browser here.
//!
//! A request reaches a phone unasked, so it is narrow (docs/protocols.md, 6.1, 6.3): the person is named by an ID token that
//! we made for this very client, and `binding_message` is two digits that the client shows and the person types on her phone.

use serde::Serialize;

use crate::authorize::levels;
use crate::client_form::{AuthenticatedForm, invalid};
use crate::{AcceptedRequest, Code, ErrorCode, Provider, Scope, TokenError, hint};

/// Seconds that a client lets pass between two polls (CIBA Core 1.0, 7.3).
pub const BACKCHANNEL_INTERVAL: i64 = 5;
/// The shortest life that may be asked for, in seconds.
const MIN_LIFE: i64 = 30;

/// A request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackchannelRequest {
    /// What is asked; it has no redirect URI.
    pub accepted: AcceptedRequest,
    /// The `sub` of the person.
    pub subject: String,
    /// How long the client waits, in seconds.
    pub life: i64,
}

impl BackchannelRequest {
    /// Judges a form (CIBA Core 1.0, 7.1, 7.2). It lives `longest` seconds at most.
    ///
    /// # Errors
    /// [`TokenError`] with a code of CIBA Core 1.0, 13.
    pub fn accept(
        form: &AuthenticatedForm<'_>,
        longest: i64,
        provider: &Provider<'_>,
    ) -> Result<Self, TokenError> {
        let client = form.client();
        if !client.policy().backchannel {
            let description = "the client is not registered for CIBA";
            return Err(TokenError::new(ErrorCode::UnauthorizedClient, description));
        }
        if form.value("request")?.is_some() {
            return Err(invalid("signed authentication requests are not supported"));
        }
        let text = form.value("scope")?.unwrap_or_default();
        let scopes: std::collections::BTreeSet<Scope> =
            text.split(' ').filter_map(Scope::from_name).collect();
        if !scopes.contains(&Scope::OpenId) || !scopes.is_subset(client.scopes()) {
            let description = "scope must hold openid, and nothing beyond the client's";
            return Err(TokenError::new(ErrorCode::InvalidScope, description));
        }
        let subject = person(form, provider)?;
        let number =
            form.value("binding_message")?.filter(|text| is_two_digits(text)).ok_or(TokenError::new(
                ErrorCode::InvalidBindingMessage,
                "binding_message must be two digits, which the person types on her phone",
            ))?;
        let acr = levels(form.value("acr_values")?.as_deref(), None, client)
            .map_err(|(code, why)| TokenError::new(code, why))?;
        let life = match form.value("requested_expiry")?.map(|text| text.parse::<i64>()) {
            None => longest,
            Some(Ok(life)) if life > 0 => life.clamp(MIN_LIFE, longest),
            Some(_) => return Err(invalid("requested_expiry is a positive number of seconds")),
        };
        let accepted = AcceptedRequest::without_browser(client, scopes, acr, &subject, &number);
        Ok(Self { accepted, subject, life })
    }
}

/// One hint, and the only kind that is taken: an ID token that this client got.
fn person(form: &AuthenticatedForm<'_>, provider: &Provider<'_>) -> Result<String, TokenError> {
    let mut hints = Vec::new();
    for name in ["id_token_hint", "login_hint", "login_hint_token"] {
        hints.extend(form.value(name)?.map(|value| (name, value)));
    }
    let [(name, value)] = hints.as_slice() else { return Err(invalid("one hint is needed, and one only")) };
    let unknown =
        TokenError::new(ErrorCode::UnknownUserId, "only an ID token that this client got names a person");
    if *name != "id_token_hint" {
        return Err(unknown);
    }
    let hint =
        hint::read(value, provider.keys, provider.issuer).filter(|hint| hint.aud == form.client().id());
    hint.map(|hint| hint.sub).ok_or(unknown)
}

fn is_two_digits(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The answer to an accepted request (CIBA Core 1.0, 7.3).
#[derive(Serialize)]
pub struct BackchannelAnswer<'a> {
    auth_req_id: &'a str,
    expires_in: i64,
    interval: i64,
}

impl<'a> BackchannelAnswer<'a> {
    /// The name that the client polls with, and how long.
    #[must_use]
    pub fn new(id: &'a Code, life: i64) -> Self {
        Self { auth_req_id: id.as_str(), expires_in: life, interval: BACKCHANNEL_INTERVAL }
    }

    /// The body: a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
