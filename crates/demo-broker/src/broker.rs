//! The relying party: one login from the authorization request to a judged identity.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use clock::Clock;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
    CoreClientAuthMethod, CoreGrantType, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthenticationContextClass,
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    ProviderMetadata, RedirectUrl, Scope, SignatureVerificationError, SyncHttpClient, TokenResponse as _,
};
use rand_core::{CryptoRng, Rng as _};
use serde::{Deserialize, Serialize};

use crate::callback::Callback;
use crate::http::{HttpClient, HttpError};
use crate::{
    Acr, BrokerConfig, BrokerError, Check, Claims, EncryptionKey, Login, PendingLogin, register, userinfo,
};

/// The scopes that FranceConnect asks beside `openid`, in its order.
const SCOPES: [&str; 5] = ["profile", "email", "preferred_username", "birthplace", "birthcountry"];
/// The algorithm agreed with the provider, for ID token and userinfo.
pub(crate) const ALGORITHM: CoreJwsSigningAlgorithm = CoreJwsSigningAlgorithm::EcdsaP256Sha256;

/// The member of the metadata that the crate does not know (RFC 9207, 3).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct IssuerParameter {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for IssuerParameter {}

pub(crate) type Metadata = ProviderMetadata<
    IssuerParameter,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The broker.
pub struct Broker {
    pub(crate) config: BrokerConfig,
    pub(crate) clock: Arc<dyn Clock>,
    rng: Mutex<Box<dyn CryptoRng + Send>>,
    pub(crate) http: HttpClient,
    issuer: IssuerUrl,
    redirect_uri: RedirectUrl,
}

/// Secrets are in it.
impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broker({:?}, ..)", self.config)
    }
}

impl Broker {
    /// A broker. `rng` makes states, nonces and session ids.
    ///
    /// # Errors
    /// [`BrokerError::Config`]: a URL is none, or the level asked is not agreed.
    pub fn new(
        config: BrokerConfig,
        clock: Arc<dyn Clock>,
        rng: impl CryptoRng + Send + 'static,
    ) -> Result<Self, BrokerError> {
        if !config.agreed.contains(&config.acr) {
            return Err(BrokerError::Config("the level asked is not agreed"));
        }
        let issuer = IssuerUrl::new(config.issuer_of_fi.clone());
        let redirect_uri = RedirectUrl::new(config.redirect_uri());
        Ok(Self {
            issuer: issuer.map_err(|_| BrokerError::Config("issuer_of_fi is no URL"))?,
            redirect_uri: redirect_uri.map_err(|_| BrokerError::Config("base_url is no URL"))?,
            config,
            clock,
            rng: Mutex::new(Box::new(rng)),
            http: HttpClient::new(),
        })
    }

    /// 32 random bytes as 64 lowercase hexadecimal characters: a state, a nonce, a session id.
    pub(crate) fn random(&self) -> String {
        let mut bytes = [0; 32];
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The metadata and keys of the provider. FranceConnect keeps neither, so neither do we: a new key counts at once.
    fn discover(&self) -> Result<Metadata, BrokerError> {
        Metadata::discover(&self.issuer, &self.http)
            .map_err(|error| BrokerError::Discovery(error.to_string()))
    }

    fn client(&self, metadata: &Metadata) -> Client {
        let (id, secret) = (self.config.client_id.clone(), self.config.client_secret.clone());
        CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(id),
            Some(ClientSecret::new(secret)),
        )
        .set_redirect_uri(self.redirect_uri.clone())
        .set_auth_type(AuthType::RequestBody)
    }

    /// Begins a login: the authorization request, with the eight parameters that FranceConnect sends and no other.
    ///
    /// # Errors
    /// [`BrokerError::Discovery`].
    pub fn begin(&self) -> Result<PendingLogin, BrokerError> {
        let client = self.client(&self.discover()?);
        let (state, nonce) = (CsrfToken::new(self.random()), Nonce::new(self.random()));
        let (url, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || state, move || nonce)
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .add_auth_context_value(AuthenticationContextClass::new(self.config.acr.to_string()))
            .add_prompt(CoreAuthPrompt::Login)
            .url();
        let (state, nonce) = (state.into_secret(), nonce.secret().clone());
        Ok(PendingLogin { authorize_url: url.into(), state, nonce, began: self.clock.now() })
    }

    /// Finishes a login out of the callback: its URL, or its query.
    ///
    /// # Errors
    /// [`BrokerError`], by the order of the steps of [`Self::attempt`].
    pub fn finish(&self, pending: &PendingLogin, callback: &str) -> Result<Login, BrokerError> {
        self.attempt(pending, callback, &mut Vec::new())
    }

    /// The same, and `checks` has what was passed, also if it ends in an error.
    ///
    /// # Errors
    /// [`BrokerError`], by the order of the steps below.
    pub fn attempt(
        &self,
        pending: &PendingLogin,
        callback: &str,
        checks: &mut Vec<Check>,
    ) -> Result<Login, BrokerError> {
        // 1. The browser is the one that began, and in time.
        let callback = Callback::parse(callback)?;
        let state = callback.state.as_ref().ok_or(BrokerError::StateMissing)?;
        if *state != pending.state {
            return Err(BrokerError::StateWrong);
        }
        checks.push(Check::State);
        if pending.is_over(self.clock.now()) {
            return Err(BrokerError::SessionOver);
        }
        // 2. The answer is this provider's, also if it is an error.
        let metadata = self.discover()?;
        let announced = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        callback.check_issuer(&self.config.issuer_of_fi, announced)?;
        if callback.iss.is_some() {
            checks.push(Check::Issuer);
        }
        if let Some(refusal) = callback.refusal() {
            return Err(refusal);
        }
        // 3. The code becomes tokens.
        let client = self.client(&metadata);
        let response = self.exchange(&client, callback.code.ok_or(BrokerError::CodeMissing)?)?;
        // 4. The ID token.
        let (acr, claims) = self.id_token(&client, &response, &pending.nonce, checks)?;
        // 5. Userinfo, and the rules of its claims.
        let answer = userinfo::fetch(self, &metadata, response.access_token(), &claims)?;
        checks.extend([Check::Userinfo, Check::Subject]);
        let amr = claims.auth_method_refs().into_iter().flatten().map(|method| method.to_string()).collect();
        let claims = Claims::judge(&answer)?;
        checks.push(Check::Rules);
        // 6. The register of persons.
        register::ask(&claims)?;
        checks.push(Check::Register);
        Ok(Login { claims, acr, amr, checks: checks.clone() })
    }

    fn exchange(&self, client: &Client, code: String) -> Result<CoreTokenResponse, BrokerError> {
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|error| BrokerError::Token(error.to_string()))?;
        let http = Opening { http: &self.http, key: self.config.encryption.as_deref() };
        request.request(&http).map_err(|error| BrokerError::Token(token_error(&error)))
    }

    /// Judges the ID token; returns the level answered and the claims.
    fn id_token(
        &self,
        client: &Client,
        response: &CoreTokenResponse,
        nonce: &str,
        checks: &mut Vec<Check>,
    ) -> Result<(Acr, CoreIdTokenClaims), BrokerError> {
        let token = response.id_token().ok_or_else(|| BrokerError::Token("no ID token".to_owned()))?;
        let now = DateTime::from_timestamp(self.clock.now().0, 0).unwrap_or_default();
        let verifier = client.id_token_verifier().set_allowed_algs([ALGORITHM]).set_time_fn(move || now);
        let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(BrokerError::IdToken)?;
        checks.push(Check::IdTokenSignature);
        check_not_before(token)?;
        checks.extend([Check::IdTokenClaims, Check::Nonce]);
        // The crate leaves azp and at_hash to its users (OpenID Connect Core, 3.1.3.7, steps 4 and 5; 3.1.3.8).
        if claims.authorized_party().is_some_and(|azp| **azp != self.config.client_id) {
            return Err(BrokerError::AuthorizedParty);
        }
        if let Some(hash) = claims.access_token_hash() {
            check_access_token(token, &verifier, response.access_token(), hash)?;
            checks.push(Check::AccessTokenHash);
        }
        let acr = self.level(claims)?;
        checks.push(Check::Level);
        Ok((acr, claims.clone()))
    }

    fn level(&self, claims: &CoreIdTokenClaims) -> Result<Acr, BrokerError> {
        let answered = claims.auth_context_ref().ok_or(BrokerError::AcrMissing)?.as_str();
        let asked = self.config.acr;
        match answered.parse::<Acr>() {
            Ok(acr) if acr < asked => Err(BrokerError::AcrTooLow { asked, answered: acr.to_string() }),
            Err(_) => Err(BrokerError::AcrTooLow { asked, answered: "an unknown level".to_owned() }),
            Ok(acr) if self.config.agreed.contains(&acr) => Ok(acr),
            Ok(acr) => Err(BrokerError::AcrNotAgreed(acr)),
        }
    }
}

/// The HTTP client of the token endpoint, which opens the ID token where encryption is agreed: one that came unencrypted
/// is refused.
struct Opening<'a> {
    http: &'a HttpClient,
    key: Option<&'a EncryptionKey>,
}

impl SyncHttpClient for Opening<'_> {
    type Error = HttpError;

    fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.http.call(request)?;
        let Some(key) = self.key else { return Ok(answer) };
        let (parts, body) = answer.into_parts();
        let body = key.open_id_token(&body).map_err(|why| HttpError::new(&format!("the ID token: {why}")))?;
        Ok(HttpResponse::from_parts(parts, body))
    }
}

/// The crate does not look at `nbf` (RFC 7519, 4.1.5). The signature was verified before.
fn check_not_before(token: &CoreIdToken) -> Result<(), BrokerError> {
    let text = token.to_string();
    let payload = text.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Option<serde_json::Value> = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let there = claims.is_none_or(|claims| claims.get("nbf").is_some());
    if there { Err(BrokerError::NotBefore("ID token")) } else { Ok(()) }
}

fn check_access_token(
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    access_token: &AccessToken,
    hash: &AccessTokenHash,
) -> Result<(), BrokerError> {
    let wrong = |error: SignatureVerificationError| {
        BrokerError::IdToken(ClaimsVerificationError::SignatureVerification(error))
    };
    let key = token.signing_key(verifier).map_err(wrong)?;
    let ours = AccessTokenHash::from_token(access_token, token.signing_alg().map_err(wrong)?, key);
    if ours.is_ok_and(|ours| ours == *hash) { Ok(()) } else { Err(BrokerError::AccessTokenHash) }
}

type TokenRequestError = openidconnect::core::CoreRequestTokenError<HttpError>;

/// What the token endpoint said, without its body: that may hold tokens.
fn token_error(error: &TokenRequestError) -> String {
    match error {
        TokenRequestError::ServerResponse(answer) => answer.error().as_ref().to_owned(),
        TokenRequestError::Request(error) => error.to_string(),
        TokenRequestError::Parse(error, _) => format!("malformed answer at {}", error.path()),
        TokenRequestError::Other(text) => text.clone(),
    }
}
