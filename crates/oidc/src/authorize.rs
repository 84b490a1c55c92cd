//! The authorization endpoint: from raw bytes to an [`AcceptedRequest`] (OpenID Connect Core, 3.1.2.1, 3.1.2.2).

use std::collections::BTreeSet;

use clock::UnixTime;
use crypto::sha256;
use identity::Acr;
use jose::JwkSet;

use crate::claims_parameter::{ClaimsRequest, LoginClaims};
use crate::parameters::{Malformed, Parameters, text};
use crate::request::code_challenge;
use crate::{
    AcceptedRequest, AuthorizeError, Client, Clients, ErrorCode, MAX_STORED, PageError, RedirectError, Scope,
    hint, request_object,
};

/// How a `request_uri` of a pushed request begins (RFC 9126, 2.2).
pub(crate) const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";

/// A code and a sentence, before they become a redirect.
pub(crate) type Refusal = (ErrorCode, &'static str);

/// What requests are judged by.
#[derive(Clone, Copy)]
pub struct Provider<'a> {
    /// The clients that are known.
    pub clients: &'a Clients,
    /// Our issuer identifier.
    pub issuer: &'a str,
    /// Our keys of ID tokens, old ones too: for hints.
    pub keys: &'a JwkSet,
    /// Now.
    pub now: UnixTime,
}

/// Whether a session of the browser may answer (OpenID Connect Core, 3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// It may.
    Any,
    /// Nothing else may: `none`.
    None,
    /// It may not: `login`, `consent`, `select_account`.
    Login,
}

/// A request that was accepted, and how its login may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// The request.
    pub accepted: AcceptedRequest,
    /// Whether a session may answer.
    pub prompt: Prompt,
    /// How old the person's last login may be, in seconds.
    pub max_age: Option<i64>,
}

/// A request that was pushed before: what the browser brings instead of its parameters (RFC 9126, 4).
#[derive(Clone, PartialEq, Eq)]
pub struct PushedReference {
    /// The client.
    pub client_id: String,
    /// SHA-256 of the `request_uri`.
    pub digest: [u8; 32],
}

impl PushedReference {
    /// Reads it. `None`: the browser brings the parameters themselves.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn read(raw: &[u8]) -> Result<Option<Self>, PageError> {
        let parameters = read(raw)?;
        let value = |name: &'static str| parameters.one(name).map_err(|_| PageError::Duplicate(name));
        let Some(uri) = value("request_uri")?.filter(|uri| uri.starts_with(PUSHED.as_bytes())) else {
            return Ok(None);
        };
        let client = value("client_id")?.and_then(text).ok_or(PageError::UnknownClient)?;
        Ok(Some(Self { client_id: client.to_owned(), digest: sha256(uri) }))
    }
}

impl AuthorizationRequest {
    /// Reads a request: the query of a GET without its `?`, or the form of a POST.
    ///
    /// `login_hint` is not read: nobody is named on the login page. `display`, `ui_locales` and parameters unknown here need
    /// no look, which OpenID Connect lets a provider ignore.
    ///
    /// # Errors
    /// [`AuthorizeError::Page`] until client and redirect URI are trusted, then [`AuthorizeError::Redirect`].
    pub fn parse(raw: &[u8], provider: &Provider<'_>) -> Result<Self, AuthorizeError> {
        let parameters = read(raw)?;
        let client = trusted_client(&parameters, provider.clients)?;
        judge(parameters, client, None, provider)
    }

    /// Reads a request that `client` pushed under the `request_uri` of this digest.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_pushed(
        raw: &[u8],
        client: &Client,
        digest: [u8; 32],
        provider: &Provider<'_>,
    ) -> Result<Self, AuthorizeError> {
        judge(read(raw)?, client, Some(digest), provider)
    }
}

fn read(raw: &[u8]) -> Result<Parameters, PageError> {
    Parameters::parse(raw).map_err(|malformed| match malformed {
        Malformed::TooLong => PageError::TooLong,
        Malformed::Encoding => PageError::Malformed,
    })
}

fn judge(
    outer: Parameters,
    client: &Client,
    pushed: Option<[u8; 32]>,
    provider: &Provider<'_>,
) -> Result<AuthorizationRequest, AuthorizeError> {
    let refuse = |parameters: &Parameters, redirect_uri: &str, (error, description): Refusal| {
        let state = parameters.one("state").ok().flatten().map(<[u8]>::to_vec);
        let (iss, redirect_uri) = (provider.issuer.to_owned(), redirect_uri.to_owned());
        AuthorizeError::from(RedirectError { error, description, state, iss, redirect_uri })
    };
    let parameters = match request_object::read(&outer, client, provider) {
        Ok(Some(inner)) => inner,
        Ok(None) => outer,
        Err(refusal) => {
            let trusted = trusted_redirect_uri(&outer, client);
            return Err(trusted.map_or(PageError::RequestObject.into(), |uri| refuse(&outer, uri, refusal)));
        }
    };
    let redirect_uri = trusted_redirect_uri(&parameters, client)?;
    let accepted = accept(&parameters, client, redirect_uri, pushed, provider);
    accepted.map_err(|refusal| refuse(&parameters, redirect_uri, refusal))
}

fn trusted_client<'a>(parameters: &Parameters, clients: &'a Clients) -> Result<&'a Client, PageError> {
    let id = parameters.one("client_id").map_err(|_| PageError::Duplicate("client_id"))?;
    id.and_then(text).and_then(|id| clients.get(id)).ok_or(PageError::UnknownClient)
}

/// The client's own copy of the URI that was sent, byte for byte (RFC 9700, 2.1).
fn trusted_redirect_uri<'a>(parameters: &Parameters, client: &'a Client) -> Result<&'a str, PageError> {
    let sent = parameters.one("redirect_uri").map_err(|_| PageError::Duplicate("redirect_uri"))?;
    let sent = sent.ok_or(PageError::RedirectUriMissing)?;
    let known = client.redirect_uris().iter().find(|uri| uri.as_bytes() == sent);
    known.map(String::as_str).ok_or(PageError::RedirectUriUnknown)
}

fn accept(
    parameters: &Parameters,
    client: &Client,
    redirect_uri: &str,
    pushed: Option<[u8; 32]>,
    provider: &Provider<'_>,
) -> Result<AuthorizationRequest, Refusal> {
    if parameters.any_repeated() {
        return Err((ErrorCode::InvalidRequest, "a parameter is there twice"));
    }
    refuse_unsupported(parameters)?;
    if client.policy().require_pushed && pushed.is_none() {
        return Err((ErrorCode::InvalidRequest, "this client must push its requests"));
    }
    match value(parameters, "response_type")? {
        Some("code") => {}
        Some(_) => return Err((ErrorCode::UnsupportedResponseType, "response_type must be code")),
        None => return Err((ErrorCode::InvalidRequest, "response_type is missing")),
    }
    if !matches!(value(parameters, "response_mode")?, None | Some("query")) {
        return Err((ErrorCode::InvalidRequest, "response_mode must be query"));
    }
    let (prompt, max_age) = (prompt(value(parameters, "prompt")?)?, max_age(value(parameters, "max_age")?)?);
    let (asked, login) = match value(parameters, "claims")? {
        Some(claims) => {
            ClaimsRequest::parse(claims, client).map_err(|why| (ErrorCode::InvalidRequest, why))?
        }
        None => Default::default(),
    };
    let accepted = AcceptedRequest {
        client_id: client.id().to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        scopes: scopes(value(parameters, "scope")?, client)?,
        acr: levels(value(parameters, "acr_values")?, login.acr.as_deref(), client)?,
        state: parameters.one("state").ok().flatten().map(<[u8]>::to_vec),
        nonce: value(parameters, "nonce")?.map(str::to_owned),
        code_challenge: pkce(parameters, client)?,
        asked,
        subject: subject(value(parameters, "id_token_hint")?, &login, client, provider)?,
        pushed,
        dpop_key: dpop_key(value(parameters, "dpop_jkt")?)?,
        binding_number: None,
    };
    // A claim that the person leaves out is one byte.
    if accepted.to_bytes().len() + accepted.optional_claims().len() > MAX_STORED {
        return Err((ErrorCode::InvalidRequest, "state and nonce are too long"));
    }
    Ok(AuthorizationRequest { accepted, prompt, max_age })
}

/// A parameter that must be text.
fn value<'a>(parameters: &'a Parameters, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    let malformed = (ErrorCode::InvalidRequest, "a parameter is not text");
    match parameters.one(name) {
        Ok(None) => Ok(None),
        Ok(Some(bytes)) => text(bytes).map(Some).ok_or(malformed),
        Err(_) => Err((ErrorCode::InvalidRequest, "a parameter is there twice")),
    }
}

/// OpenID Connect Core, 6.2, 7.2.1: what is not supported is answered, never ignored.
fn refuse_unsupported(parameters: &Parameters) -> Result<(), Refusal> {
    for (name, code, description) in [
        ("request_uri", ErrorCode::RequestUriNotSupported, "request URIs are for pushed requests only"),
        ("registration", ErrorCode::RegistrationNotSupported, "registration is not supported"),
    ] {
        if parameters.one(name) != Ok(None) {
            return Err((code, description));
        }
    }
    Ok(())
}

fn prompt(prompt: Option<&str>) -> Result<Prompt, Refusal> {
    let words: Vec<&str> = prompt.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect();
    if words == ["none"] {
        return Ok(Prompt::None);
    }
    if words.iter().all(|word| matches!(*word, "login" | "consent" | "select_account")) {
        Ok(if words.is_empty() { Prompt::Any } else { Prompt::Login })
    } else {
        Err((ErrorCode::InvalidRequest, "unknown prompt, or none beside another"))
    }
}

fn max_age(value: Option<&str>) -> Result<Option<i64>, Refusal> {
    let number = |text: &str| text.parse().ok().filter(|age: &i64| *age >= 0);
    let malformed = (ErrorCode::InvalidRequest, "max_age is a number of seconds");
    value.map(|text| number(text).ok_or(malformed)).transpose()
}

/// Whom the request names: by an ID token of ours that this client got, or by `sub` in `claims`.
fn subject(
    hinted: Option<&str>,
    login: &LoginClaims,
    client: &Client,
    provider: &Provider<'_>,
) -> Result<Option<[u8; 32]>, Refusal> {
    let hinted = hinted.map(|text| {
        let hint = hint::read(text, provider.keys, provider.issuer).filter(|hint| hint.aud == client.id());
        let foreign = (ErrorCode::InvalidRequest, "id_token_hint is no ID token that this client got");
        hint.map(|hint| hint.sub).ok_or(foreign)
    });
    match (hinted.transpose()?, &login.sub) {
        (Some(hinted), Some(sub)) if hinted != *sub => {
            Err((ErrorCode::InvalidRequest, "id_token_hint and claims name two people"))
        }
        (Some(sub), _) => Ok(Some(sha256(sub.as_bytes()))),
        (None, sub) => Ok(sub.as_ref().map(|sub| sha256(sub.as_bytes()))),
    }
}

/// Unknown scopes are ignored (OpenID Connect Core, 3.1.2.1); known ones that the client may not ask are refused.
fn scopes(scope: Option<&str>, client: &Client) -> Result<BTreeSet<Scope>, Refusal> {
    let scopes: BTreeSet<Scope> = scope.unwrap_or_default().split(' ').filter_map(Scope::from_name).collect();
    if !scopes.contains(&Scope::OpenId) {
        return Err((ErrorCode::InvalidScope, "scope must hold openid"));
    }
    if !scopes.is_subset(client.scopes()) {
        return Err((ErrorCode::InvalidScope, "a scope is not allowed for this client"));
    }
    Ok(scopes)
}

/// The levels that can be given to this client, in its order; without a wish the lowest that it may have. What `claims`
/// asks of `acr` counts before `acr_values`, whose words that name no level of ours are no wish: it is voluntary (Core, 5.5.1.1).
pub(crate) fn levels(
    acr_values: Option<&str>,
    claimed: Option<&[Acr]>,
    client: &Client,
) -> Result<Vec<Acr>, Refusal> {
    let known =
        |values: &str| -> Vec<Acr> { values.split(' ').filter_map(|name| name.parse().ok()).collect() };
    let asked =
        claimed.map(<[Acr]>::to_vec).or_else(|| acr_values.map(known).filter(|known| !known.is_empty()));
    let Some(asked) = asked else { return Ok(client.acr().iter().take(1).copied().collect()) };
    let mut levels = Vec::new();
    for level in asked {
        if client.acr().contains(&level) && !levels.contains(&level) {
            levels.push(level);
        }
    }
    if levels.is_empty() {
        return Err((ErrorCode::UnmetAuthenticationRequirements, "no level that was asked can be given"));
    }
    Ok(levels)
}

/// RFC 7636: S256 only. Without a method the method would be `plain`.
fn pkce(parameters: &Parameters, client: &Client) -> Result<Option<[u8; 32]>, Refusal> {
    match (value(parameters, "code_challenge")?, value(parameters, "code_challenge_method")?) {
        (None, None) if client.policy().require_pkce => {
            Err((ErrorCode::InvalidRequest, "this client must send a code_challenge"))
        }
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) => code_challenge(challenge)
            .map(Some)
            .ok_or((ErrorCode::InvalidRequest, "code_challenge is not a SHA-256 in base64url")),
        (Some(_), _) => Err((ErrorCode::InvalidRequest, "code_challenge_method must be S256")),
        (None, Some(_)) => Err((ErrorCode::InvalidRequest, "code_challenge is missing")),
    }
}

/// RFC 9449, 10: the thumbprint of the key that the code will be redeemed with.
fn dpop_key(value: Option<&str>) -> Result<Option<[u8; 32]>, Refusal> {
    let malformed = (ErrorCode::InvalidRequest, "dpop_jkt is not a SHA-256 in base64url");
    value.map(|text| code_challenge(text).ok_or(malformed)).transpose()
}

#[cfg(test)]
mod tests;
