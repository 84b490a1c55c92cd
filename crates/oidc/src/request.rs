//! An authorization request that was accepted: what it holds, its digest, its stored form.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use crypto::{ct_eq, sha256};
use identity::Acr;
use identity::pivot::Claim;

use crate::claims_parameter::ClaimsRequest;
use crate::error::with_query;
use crate::{Client, Code, Error, ErrorCode, RedirectError, Scope, claims_of, scope};

/// The longest stored form, in bytes; a request that would be longer is refused. The row of a login is 1 KB.
pub const MAX_STORED: usize = 512;
/// The version of the stored form.
const VERSION: u8 = 2;

/// An authorization request whose client, redirect URI, scopes and levels were checked.
#[derive(Clone, PartialEq, Eq)]
pub struct AcceptedRequest {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: BTreeSet<Scope>,
    /// In the client's order of preference; never empty.
    pub(crate) acr: Vec<Acr>,
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) nonce: Option<String>,
    pub(crate) code_challenge: Option<[u8; 32]>,
    pub(crate) asked: ClaimsRequest,
    /// SHA-256 of the one `sub` that may log in, as this client knows it.
    pub(crate) subject: Option<[u8; 32]>,
    /// SHA-256 of the `request_uri` that the request was pushed under.
    pub(crate) pushed: Option<[u8; 32]>,
    /// Thumbprint of the key that the code is bound to (RFC 9449, 10).
    pub(crate) dpop_key: Option<[u8; 32]>,
    /// The two digits that the client shows and the person types, where a request reaches a phone unasked. They are no part
    /// of the digest, which the phone is given.
    pub(crate) binding_number: Option<String>,
}

impl AcceptedRequest {
    /// A request that no browser brought (CIBA): nothing leads back, the person is named.
    pub(crate) fn without_browser(
        client: &Client,
        scopes: BTreeSet<Scope>,
        acr: Vec<Acr>,
        subject: &str,
        binding_number: &str,
    ) -> Self {
        Self {
            client_id: client.id().to_owned(),
            redirect_uri: String::new(),
            scopes,
            acr,
            state: None,
            nonce: None,
            code_challenge: None,
            asked: ClaimsRequest::default(),
            subject: Some(sha256(subject.as_bytes())),
            pushed: None,
            dpop_key: None,
            binding_number: Some(binding_number.to_owned()),
        }
    }

    /// The two digits that the person must type on her phone.
    #[must_use]
    pub fn binding_number(&self) -> Option<&str> {
        self.binding_number.as_deref()
    }

    /// The client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Where the answer goes.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Scheme, host and port of the redirect URI, for `form-action` of a Content-Security-Policy.
    #[must_use]
    pub fn redirect_origin(&self) -> &str {
        let host = self.redirect_uri.find("://").map_or(0, |at| at + 3);
        let end = self.redirect_uri[host..].find(['/', '?']).map_or(self.redirect_uri.len(), |at| host + at);
        &self.redirect_uri[..end]
    }

    /// The scopes granted.
    #[must_use]
    pub fn scopes(&self) -> &BTreeSet<Scope> {
        &self.scopes
    }

    /// The value of `scope` in the token response.
    #[must_use]
    pub fn scope(&self) -> String {
        scope::names(&self.scopes)
    }

    /// Every claim that the person is asked to release, beside `sub`: by scope, or one by one.
    #[must_use]
    pub fn claims(&self) -> BTreeSet<Claim> {
        self.kept(claims_of(&self.scopes).into_iter().chain(self.asked.all()))
    }

    /// The claims of the userinfo endpoint, beside `sub`.
    pub(crate) fn userinfo_claims(&self) -> BTreeSet<Claim> {
        self.kept(claims_of(&self.scopes).into_iter().chain(self.asked.userinfo.iter().copied()))
    }

    /// The claims of the ID token that say who the person is.
    pub(crate) fn id_token_claims(&self) -> BTreeSet<Claim> {
        self.kept(self.asked.id_token.iter().copied())
    }

    fn kept(&self, claims: impl Iterator<Item = Claim>) -> BTreeSet<Claim> {
        claims.filter(|claim| !self.asked.declined.contains(claim)).collect()
    }

    /// The claims that the person may leave out: those that were asked one by one and not called essential. What a scope
    /// asks, the client needs.
    #[must_use]
    pub fn optional_claims(&self) -> BTreeSet<Claim> {
        let scopes = claims_of(&self.scopes);
        self.asked.voluntary.iter().filter(|claim| !scopes.contains(claim)).copied().collect()
    }

    /// The same request, of which the person leaves out these claims as far as she may; what she left out before and not
    /// now is asked again. She approves what is left (`claims` and `request_digest` change with it).
    #[must_use]
    pub fn declining(mut self, claims: &BTreeSet<Claim>) -> Self {
        self.asked.declined = self.optional_claims().intersection(claims).copied().collect();
        self
    }

    /// Whether this person, as the client knows her, is the one asked for; every person is, if none was named.
    #[must_use]
    pub fn is_for(&self, subject: &str) -> bool {
        self.subject.is_none_or(|named| ct_eq(&named, &sha256(subject.as_bytes())))
    }

    /// SHA-256 of the `request_uri` that the request was pushed under: used up when its code is issued.
    #[must_use]
    pub fn pushed(&self) -> Option<&[u8; 32]> {
        self.pushed.as_ref()
    }

    /// Whether what was asked needs the document that was read: `verified_claims`.
    #[must_use]
    pub fn asks_for_evidence(&self) -> bool {
        self.asked.verified_userinfo.is_some() || self.asked.verified_id_token.is_some()
    }

    /// The levels asked, in the client's order of preference.
    #[must_use]
    pub fn acr(&self) -> &[Acr] {
        &self.acr
    }

    /// The client's `nonce`.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// The client's `state`.
    #[must_use]
    pub fn state(&self) -> Option<&[u8]> {
        self.state.as_deref()
    }

    /// SHA-256 over `redirect_uri`, `scope`, `state`, `nonce` and `code_challenge`, each behind its length: what a
    /// person approves, she approves for this request (docs/protocols.md, section 6.4).
    #[must_use]
    pub fn request_digest(&self) -> [u8; 32] {
        let scope = self.scope();
        let mut out = Vec::new();
        for part in [b"sceau/request/v1", self.redirect_uri.as_bytes(), scope.as_bytes()] {
            push(&mut out, part);
        }
        let challenge = self.code_challenge.as_ref().map(<[u8; 32]>::as_slice);
        for part in [self.state.as_deref(), self.nonce.as_deref().map(str::as_bytes), challenge] {
            out.push(u8::from(part.is_some()));
            push(&mut out, part.unwrap_or_default());
        }
        // What the broker never asks; without it the digest is that of the parts above.
        for part in [&self.asked.to_bytes()[..], bytes(&self.subject), bytes(&self.dpop_key)] {
            if !part.is_empty() {
                push(&mut out, part);
            }
        }
        sha256(&out)
    }

    /// The redirect that brings the code (RFC 6749, 4.1.2), with our `iss` (RFC 9207).
    #[must_use]
    pub fn success_location(&self, issuer: &str, code: &Code) -> String {
        let values = [
            ("code", Some(code.as_str().as_bytes())),
            ("state", self.state.as_deref()),
            ("iss", Some(issuer.as_bytes())),
        ];
        with_query(&self.redirect_uri, &values)
    }

    /// The redirect that says no.
    #[must_use]
    pub fn refuse(&self, issuer: &str, error: ErrorCode, description: &'static str) -> RedirectError {
        let (state, redirect_uri) = (self.state.clone(), self.redirect_uri.clone());
        RedirectError { error, description, state, iss: issuer.to_owned(), redirect_uri }
    }

    /// Whether `verifier` is what `code_challenge` came from (RFC 7636, 4.6). A verifier without a challenge, and a
    /// challenge without a verifier, count as wrong (RFC 9700, 4.8.2).
    pub(crate) fn verifier_fits(&self, verifier: Option<&str>) -> bool {
        match (&self.code_challenge, verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => ct_eq(challenge, &sha256(verifier.as_bytes())),
            _ => false,
        }
    }

    /// The stored form: version, then each field in order.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        push(&mut out, self.client_id.as_bytes());
        push(&mut out, self.redirect_uri.as_bytes());
        push(&mut out, &positions(&Scope::ALL, &self.scopes));
        push(&mut out, &positions(&Acr::ALL, &self.acr));
        let challenge = self.code_challenge.as_ref().map(<[u8; 32]>::as_slice);
        for part in [self.state.as_deref(), self.nonce.as_deref().map(str::as_bytes), challenge] {
            // No optional field is ever present and empty: an empty parameter counts as absent.
            push(&mut out, part.unwrap_or_default());
        }
        push(&mut out, &self.asked.to_bytes());
        for digest in [&self.subject, &self.pushed, &self.dpop_key] {
            push(&mut out, bytes(digest));
        }
        push(&mut out, self.binding_number.as_deref().unwrap_or_default().as_bytes());
        out
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`Error::Stored`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes).ok_or(Error::Stored("authorization request"))
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[VERSION]).filter(|_| bytes.len() <= MAX_STORED)?;
        let request = Self {
            client_id: text(take(&mut rest)?)?,
            redirect_uri: text(take(&mut rest)?)?,
            scopes: at_positions(&Scope::ALL, take(&mut rest)?)?.into_iter().collect(),
            acr: at_positions(&Acr::ALL, take(&mut rest)?)?,
            state: optional(take(&mut rest)?).map(<[u8]>::to_vec),
            nonce: match optional(take(&mut rest)?) {
                Some(nonce) => Some(text(nonce)?),
                None => None,
            },
            code_challenge: digest(take(&mut rest)?)?,
            asked: ClaimsRequest::from_bytes(take(&mut rest)?)?,
            subject: digest(take(&mut rest)?)?,
            pushed: digest(take(&mut rest)?)?,
            dpop_key: digest(take(&mut rest)?)?,
            binding_number: optional(take(&mut rest)?).map(text).map_or(Some(None), |text| text.map(Some))?,
        };
        // Only what `to_bytes` writes is read.
        (rest.is_empty() && !request.acr.is_empty() && request.to_bytes() == bytes).then_some(request)
    }
}

/// Reads a `code_challenge`: the SHA-256 of the verifier in base64url.
pub(crate) fn code_challenge(text: &str) -> Option<[u8; 32]> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// A value behind its length in two bytes. Everything here is far shorter than 64 KiB.
pub(crate) fn push(out: &mut Vec<u8>, value: &[u8]) {
    out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend(value);
}

pub(crate) fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<2>()?;
    let (value, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = tail;
    Some(value)
}

pub(crate) fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn optional(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

fn bytes(digest: &Option<[u8; 32]>) -> &[u8] {
    digest.as_ref().map_or(&[], <[u8; 32]>::as_slice)
}

fn digest(bytes: &[u8]) -> Option<Option<[u8; 32]>> {
    optional(bytes).map(|bytes| bytes.try_into().ok()).map_or(Some(None), |digest| digest.map(Some))
}

pub(crate) fn positions<'a, T: PartialEq + 'a>(all: &[T], items: impl IntoIterator<Item = &'a T>) -> Vec<u8> {
    items.into_iter().filter_map(|item| all.iter().position(|a| a == item)).map(|at| at as u8).collect()
}

pub(crate) fn at_positions<T: Copy>(all: &[T], positions: &[u8]) -> Option<Vec<T>> {
    positions.iter().map(|at| all.get(usize::from(*at)).copied()).collect()
}

/// No `state`, no `nonce`: they are the client's secrets.
impl std::fmt::Debug for AcceptedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AcceptedRequest({}, {:?}, {:?})", self.client_id, self.scopes, self.acr)
    }
}

#[cfg(test)]
pub(crate) mod tests;
