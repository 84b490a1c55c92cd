//! OpenID Connect, the provider's side, as values: no clock, no database, no network.
//!
//! The way of one login (docs/architecture.md, "A login"):
//! 1. [`AuthorizationRequest::parse`]: the raw query, or form, of the authorization endpoint becomes an
//!    [`AcceptedRequest`] whose client, redirect URI, scopes and levels were checked. Before the redirect URI is trusted a refusal is a [`PageError`],
//!    after it a [`RedirectError`] that carries `state`.
//! 2. [`ApprovedLogin::new`]: out of a `protocol::approval::VerifiedApproval`, which both keys of a phone signed. It
//!    rests in the row of its login and is compared with the request again when tokens are made.
//! 3. [`Code`]: 256 random bits, given to the browser that began, redeemed once.
//! 4. [`TokenRequest`]: parsed, then [authenticated](TokenRequest::authenticate), then
//!    [compared](AuthenticatedTokenRequest::check_grant) with the accepted request.
//! 5. [`IdTokenClaims::for_login`] and [`UserinfoClaims::for_login`]: only for an [`ApprovedLogin`].
//!
//! Sources: OpenID Connect Core 1.0, RFC 6749 (OAuth 2.0), 6750 (bearer tokens), 7523 (client assertions), 7636 (PKCE),
//! 9101 (request objects), 9126 (pushed requests), 9207 (`iss` in the response), 9449 (proofs of possession), 9700 (security
//! practice), FAPI 2.0, CIBA Core 1.0, OpenID Connect for Identity Assurance 1.0, and FranceConnect's contract for identity providers.

mod approved_login;
mod assurance;
mod authorize;
mod backchannel;
mod claims_parameter;
mod client;
mod client_assertion;
mod client_form;
mod discovery;
mod dpop;
mod error;
mod hint;
mod id_token;
mod level;
mod logout;
mod parameters;
mod person;
mod policy;
mod pushed;
mod random;
mod request;
mod request_object;
mod scope;
mod token;
mod userinfo;

pub use approved_login::ApprovedLogin;
pub use assurance::Evidence;
pub use authorize::{AuthorizationRequest, Prompt, Provider, PushedReference};
pub use backchannel::{BACKCHANNEL_INTERVAL, BackchannelAnswer, BackchannelRequest};
pub use client::{Client, ClientAuth, Clients, SecretDigest, TokenEncryption};
pub use client_assertion::{ASSERTION_TYPE, MAX_ASSERTION_LIFE, UsedAssertion};
pub use client_form::{AuthenticatedForm, ClientForm};
pub use discovery::{ProviderMetadata, endpoint};
pub use dpop::{DpopNonces, DpopProof, DpopTarget};
pub use error::{AuthorizeError, BearerError, Error, ErrorCode, PageError, RedirectError, TokenError};
pub use id_token::{ID_TOKEN_LIFE, IdTokenClaims, Subject};
pub use level::acr_to_answer;
pub use logout::Logout;
pub use policy::{MAX_SSO_SECONDS, Policy, RequestObjects};
pub use pushed::{PUSHED_LIFE, PushedRequest};
pub use random::{AccessToken, Code, TokenScheme};
pub use request::{AcceptedRequest, MAX_STORED};
pub use scope::{Scope, claims_of};
pub use token::{AuthenticatedTokenRequest, Grant, TokenRequest, TokenResponse};
pub use userinfo::UserinfoClaims;
