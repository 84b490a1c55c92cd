//! The authorization endpoint: from raw bytes to an [`AcceptedRequest`] (OpenID Connect Core, 3.1.2.1, 3.1.2.2).

use std::collections::BTreeSet;

use identity::Acr;

use crate::parameters::{Malformed, Parameters, text};
use crate::request::code_challenge;
use crate::{
    AcceptedRequest, AuthorizeError, Client, Clients, ErrorCode, MAX_STORED, PageError, RedirectError, Scope,
};

/// A code and a sentence, before they become a redirect.
type Refusal = (ErrorCode, &'static str);

impl AcceptedRequest {
    /// Reads a request: the query of a GET without its `?`, or the form of a POST.
    ///
    /// `login_hint` and `id_token_hint` are not read: nobody is named on the login page. `max_age` needs no look, since
    /// every login authenticates anew; nor do `display`, `ui_locales`, `claims` and parameters unknown here, which
    /// OpenID Connect lets a provider ignore.
    ///
    /// # Errors
    /// [`AuthorizeError::Page`] until client and redirect URI are trusted, then [`AuthorizeError::Redirect`].
    pub fn parse(raw: &[u8], clients: &Clients, issuer: &str) -> Result<Self, AuthorizeError> {
        let parameters = Parameters::parse(raw).map_err(|malformed| match malformed {
            Malformed::TooLong => PageError::TooLong,
            Malformed::Encoding => PageError::Malformed,
        })?;
        let client = trusted_client(&parameters, clients)?;
        let redirect_uri = trusted_redirect_uri(&parameters, client)?;
        accept(&parameters, client, redirect_uri).map_err(|(error, description)| {
            let state = parameters.one("state").ok().flatten().map(<[u8]>::to_vec);
            let (iss, redirect_uri) = (issuer.to_owned(), redirect_uri.to_owned());
            RedirectError { error, description, state, iss, redirect_uri }.into()
        })
    }
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

fn accept(parameters: &Parameters, client: &Client, redirect_uri: &str) -> Result<AcceptedRequest, Refusal> {
    if parameters.any_repeated() {
        return Err((ErrorCode::InvalidRequest, "a parameter is there twice"));
    }
    refuse_unsupported(parameters)?;
    match value(parameters, "response_type")? {
        Some("code") => {}
        Some(_) => return Err((ErrorCode::UnsupportedResponseType, "response_type must be code")),
        None => return Err((ErrorCode::InvalidRequest, "response_type is missing")),
    }
    if !matches!(value(parameters, "response_mode")?, None | Some("query")) {
        return Err((ErrorCode::InvalidRequest, "response_mode must be query"));
    }
    check_prompt(value(parameters, "prompt")?)?;
    let request = AcceptedRequest {
        client_id: client.id().to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        scopes: scopes(value(parameters, "scope")?, client)?,
        acr: levels(value(parameters, "acr_values")?, client)?,
        state: parameters.one("state").ok().flatten().map(<[u8]>::to_vec),
        nonce: value(parameters, "nonce")?.map(str::to_owned),
        code_challenge: pkce(parameters)?,
    };
    if request.to_bytes().len() > MAX_STORED {
        return Err((ErrorCode::InvalidRequest, "state and nonce are too long"));
    }
    Ok(request)
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

/// OpenID Connect Core, 6.1, 6.2, 7.2.1: what is not supported is answered, never ignored.
fn refuse_unsupported(parameters: &Parameters) -> Result<(), Refusal> {
    for (name, code, description) in [
        ("request", ErrorCode::RequestNotSupported, "request objects are not supported"),
        ("request_uri", ErrorCode::RequestUriNotSupported, "request URIs are not supported"),
        ("registration", ErrorCode::RegistrationNotSupported, "registration is not supported"),
    ] {
        if parameters.one(name) != Ok(None) {
            return Err((code, description));
        }
    }
    Ok(())
}

/// Every login asks the person anew, so `login`, `consent` and `select_account` are met; there is no session that could
/// answer `none`.
fn check_prompt(prompt: Option<&str>) -> Result<(), Refusal> {
    let words: Vec<&str> = prompt.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect();
    if words == ["none"] {
        return Err((ErrorCode::LoginRequired, "nobody is logged in"));
    }
    if words.iter().all(|word| matches!(*word, "login" | "consent" | "select_account")) {
        Ok(())
    } else {
        Err((ErrorCode::InvalidRequest, "unknown prompt, or none beside another"))
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

/// The levels that can be given to this client, in its order; without `acr_values` the lowest that it may have.
fn levels(acr_values: Option<&str>, client: &Client) -> Result<Vec<Acr>, Refusal> {
    let Some(values) = acr_values else {
        return Ok(client.acr().iter().take(1).copied().collect());
    };
    let mut levels = Vec::new();
    for level in values.split(' ').filter_map(|name| name.parse::<Acr>().ok()) {
        if client.acr().contains(&level) && !levels.contains(&level) {
            levels.push(level);
        }
    }
    if levels.is_empty() {
        return Err((ErrorCode::UnmetAuthenticationRequirements, "no level of acr_values can be given"));
    }
    Ok(levels)
}

/// RFC 7636: S256 only. Without a method the method would be `plain`.
fn pkce(parameters: &Parameters) -> Result<Option<[u8; 32]>, Refusal> {
    match (value(parameters, "code_challenge")?, value(parameters, "code_challenge_method")?) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) => code_challenge(challenge)
            .map(Some)
            .ok_or((ErrorCode::InvalidRequest, "code_challenge is not a SHA-256 in base64url")),
        (Some(_), _) => Err((ErrorCode::InvalidRequest, "code_challenge_method must be S256")),
        (None, Some(_)) => Err((ErrorCode::InvalidRequest, "code_challenge is missing")),
    }
}

#[cfg(test)]
mod tests;
