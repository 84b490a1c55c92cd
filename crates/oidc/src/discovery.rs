//! What a client learns of this provider (OpenID Connect Discovery 1.0, 3; RFC 8414, 2; RFC 9207, 3).

use identity::Acr;
use identity::pivot::Claim;
use jose::Algorithm;
use serde::Serialize;

use crate::{Clients, Policy, RequestObjects, Scope, assurance, token};

/// The URL of a path at this issuer.
#[must_use]
pub fn endpoint(issuer: &str, path: &str) -> String {
    format!("{issuer}{path}")
}

/// The metadata document. Members whose default would say more than is true are written out: without
/// `request_uri_parameter_supported` a client may send request URIs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: &'static [&'static str],
    response_modes_supported: &'static [&'static str],
    grant_types_supported: &'static [&'static str],
    acr_values_supported: Vec<&'static str>,
    subject_types_supported: &'static [&'static str],
    id_token_signing_alg_values_supported: &'static [&'static str],
    id_token_encryption_alg_values_supported: &'static [&'static str],
    id_token_encryption_enc_values_supported: &'static [&'static str],
    userinfo_signing_alg_values_supported: &'static [&'static str],
    userinfo_encryption_alg_values_supported: &'static [&'static str],
    userinfo_encryption_enc_values_supported: &'static [&'static str],
    token_endpoint_auth_methods_supported: &'static [&'static str],
    token_endpoint_auth_signing_alg_values_supported: &'static [&'static str],
    code_challenge_methods_supported: &'static [&'static str],
    prompt_values_supported: &'static [&'static str],
    claim_types_supported: &'static [&'static str],
    claims_supported: Vec<&'static str>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    authorization_response_iss_parameter_supported: bool,
    ui_locales_supported: &'static [&'static str],
    pushed_authorization_request_endpoint: String,
    require_pushed_authorization_requests: bool,
    dpop_signing_alg_values_supported: &'static [&'static str],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    introspection_endpoint_auth_signing_alg_values_supported: &'static [&'static str],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    revocation_endpoint_auth_signing_alg_values_supported: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    request_object_signing_alg_values_supported: Option<&'static [&'static str]>,
    #[serde(flatten)]
    backchannel: Option<Backchannel>,
    #[serde(flatten)]
    assurance: Option<Assurance>,
}

/// CIBA Core 1.0, 4.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Backchannel {
    backchannel_authentication_endpoint: String,
    backchannel_token_delivery_modes_supported: &'static [&'static str],
    backchannel_user_code_parameter_supported: bool,
}

/// OpenID Connect for Identity Assurance 1.0, 8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Assurance {
    verified_claims_supported: bool,
    trust_frameworks_supported: &'static [&'static str],
    claims_in_verified_claims_supported: Vec<&'static str>,
    evidence_supported: &'static [&'static str],
    documents_supported: &'static [&'static str],
    documents_check_methods_supported: &'static [&'static str],
}

/// How clients prove who they are, at every endpoint of the back channel.
const AUTH_METHODS: &[&str] = &["client_secret_post", "client_secret_basic", "private_key_jwt"];
const AUTH_ALGORITHMS: &[&str] = &["ES256", "RS256"];

/// The algorithms of [`crate::TokenEncryption`].
const KEY_MANAGEMENT: &[&str] = &["RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"];
const CONTENT_ENCRYPTION: &[&str] = &["A256GCM", "A128CBC-HS256"];

/// The claims about a login, and the mark of declared claims; those about the person are `Claim::ALL`.
const LOGIN_CLAIMS: [&str; 11] =
    ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "declared_claims"];

/// The claims that a chip can prove.
const PROVED: [Claim; 4] = [Claim::FamilyName, Claim::GivenName, Claim::Gender, Claim::Birthdate];

impl ProviderMetadata {
    /// The metadata of this issuer: what the policy of some client offers, and nothing else.
    #[must_use]
    pub fn new(issuer: &str, clients: &Clients) -> Self {
        let any = |offers: fn(&Policy) -> bool| clients.iter().any(|client| offers(client.policy()));
        let may = |acr: &Acr| clients.iter().any(|client| client.acr().contains(acr));
        let rs256 = any(|policy| policy.signing == Algorithm::Rs256);
        let signing: &[&str] = if rs256 { &["ES256", "RS256"] } else { &["ES256"] };
        let signs = any(|policy| policy.request_objects != RequestObjects::Refused);
        let backchannel = any(|policy| policy.backchannel);
        let claims = LOGIN_CLAIMS.into_iter().chain(Claim::ALL.into_iter().map(Claim::as_str));
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: endpoint(issuer, "/authorize"),
            token_endpoint: endpoint(issuer, "/token"),
            userinfo_endpoint: endpoint(issuer, "/userinfo"),
            jwks_uri: endpoint(issuer, "/jwks"),
            end_session_endpoint: endpoint(issuer, "/logout"),
            scopes_supported: Scope::ALL.into_iter().map(Scope::as_str).collect(),
            response_types_supported: &["code"],
            response_modes_supported: &["query"],
            grant_types_supported: if backchannel {
                &["authorization_code", token::CIBA]
            } else {
                &["authorization_code"]
            },
            acr_values_supported: Acr::ALL.into_iter().filter(|acr| may(acr)).map(Acr::as_str).collect(),
            subject_types_supported: if any(|policy| policy.sector.is_some()) {
                &["public", "pairwise"]
            } else {
                &["public"]
            },
            id_token_signing_alg_values_supported: signing,
            id_token_encryption_alg_values_supported: KEY_MANAGEMENT,
            id_token_encryption_enc_values_supported: CONTENT_ENCRYPTION,
            userinfo_signing_alg_values_supported: signing,
            userinfo_encryption_alg_values_supported: KEY_MANAGEMENT,
            userinfo_encryption_enc_values_supported: CONTENT_ENCRYPTION,
            token_endpoint_auth_methods_supported: AUTH_METHODS,
            token_endpoint_auth_signing_alg_values_supported: AUTH_ALGORITHMS,
            code_challenge_methods_supported: &["S256"],
            prompt_values_supported: &["none", "login", "consent", "select_account"],
            claim_types_supported: &["normal"],
            claims_supported: claims.collect(),
            claims_parameter_supported: true,
            request_parameter_supported: signs,
            request_uri_parameter_supported: false,
            authorization_response_iss_parameter_supported: true,
            ui_locales_supported: &["fr", "en"],
            pushed_authorization_request_endpoint: endpoint(issuer, "/par"),
            require_pushed_authorization_requests: false,
            dpop_signing_alg_values_supported: &["ES256"],
            introspection_endpoint: endpoint(issuer, "/introspect"),
            introspection_endpoint_auth_methods_supported: AUTH_METHODS,
            introspection_endpoint_auth_signing_alg_values_supported: AUTH_ALGORITHMS,
            revocation_endpoint: endpoint(issuer, "/revoke"),
            revocation_endpoint_auth_methods_supported: AUTH_METHODS,
            revocation_endpoint_auth_signing_alg_values_supported: AUTH_ALGORITHMS,
            request_object_signing_alg_values_supported: signs.then_some(AUTH_ALGORITHMS),
            backchannel: backchannel.then(|| Backchannel {
                backchannel_authentication_endpoint: endpoint(issuer, "/bc-authorize"),
                backchannel_token_delivery_modes_supported: &["poll"],
                backchannel_user_code_parameter_supported: false,
            }),
            assurance: any(|policy| policy.identity_assurance).then(|| Assurance {
                verified_claims_supported: true,
                trust_frameworks_supported: &[assurance::TRUST_FRAMEWORK],
                claims_in_verified_claims_supported: PROVED.into_iter().map(Claim::as_str).collect(),
                evidence_supported: &["document"],
                documents_supported: &assurance::DOCUMENT_TYPES,
                documents_check_methods_supported: &assurance::CHECK_METHODS,
            }),
        }
    }

    /// The document, JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn document() -> Value {
        with(Policy::default())
    }

    fn with(policy: Policy) -> Value {
        let client = crate::approved_login::tests::client(&Acr::ALL).with_policy(policy).unwrap();
        let clients = Clients::new([client]).unwrap();
        serde_json::from_slice(&ProviderMetadata::new("https://fi.example", &clients).to_json()).unwrap()
    }

    #[test]
    fn what_no_client_may_have_is_not_offered() {
        let plain = document();
        for absent in [
            "backchannel_authentication_endpoint",
            "verified_claims_supported",
            "request_object_signing_alg_values_supported",
        ] {
            assert!(plain.get(absent).is_none(), "{absent}");
        }
        assert_eq!(plain["request_parameter_supported"], false);
        let ciba = with(Policy { backchannel: true, ..Policy::default() });
        assert_eq!(ciba["backchannel_authentication_endpoint"], "https://fi.example/bc-authorize");
        assert_eq!(ciba["backchannel_token_delivery_modes_supported"], json!(["poll"]));
        assert_eq!(ciba["grant_types_supported"][1], "urn:openid:params:grant-type:ciba");
        let signed = with(Policy {
            request_objects: RequestObjects::Required(Default::default()),
            ..Policy::default()
        });
        assert_eq!(signed["request_parameter_supported"], true);
        let pairwise = with(Policy { sector: Some("a.example".into()), ..Policy::default() });
        assert_eq!(pairwise["subject_types_supported"], json!(["public", "pairwise"]));
        let rs256 = with(Policy { signing: Algorithm::Rs256, ..Policy::default() });
        assert_eq!(rs256["id_token_signing_alg_values_supported"], json!(["ES256", "RS256"]));
        let assured = with(Policy { identity_assurance: true, ..Policy::default() });
        assert_eq!(assured["trust_frameworks_supported"], json!(["eidas"]));
    }

    /// OpenID Connect Discovery 1.0, 3: the members marked REQUIRED, and the issuer exactly as it was given.
    #[test]
    fn required_members_are_there_and_endpoints_are_the_issuers() {
        let document = document();
        assert_eq!(document["issuer"], "https://fi.example");
        for (member, path) in [
            ("authorization_endpoint", "/authorize"),
            ("token_endpoint", "/token"),
            ("userinfo_endpoint", "/userinfo"),
            ("jwks_uri", "/jwks"),
            ("end_session_endpoint", "/logout"),
        ] {
            assert_eq!(document[member], format!("https://fi.example{path}"));
        }
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["subject_types_supported"], json!(["public"]));
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["ES256"]));
    }

    #[test]
    fn what_is_not_supported_is_said_where_the_default_says_otherwise() {
        let document = document();
        assert_eq!(document["request_uri_parameter_supported"], false);
        assert_eq!(
            document["grant_types_supported"],
            json!(["authorization_code"]),
            "the default has implicit"
        );
        assert_eq!(document["response_modes_supported"], json!(["query"]), "the default has fragment");
        let methods = json!(["client_secret_post", "client_secret_basic", "private_key_jwt"]);
        assert_eq!(document["token_endpoint_auth_methods_supported"], methods);
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]), "never plain");
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    }

    #[test]
    fn every_claim_that_a_scope_releases_is_named() {
        let document = document();
        let named = document["claims_supported"].as_array().unwrap();
        for claim in crate::claims_of(&Scope::ALL.into()) {
            assert!(named.contains(&json!(claim.as_str())), "{}", claim.as_str());
        }
        assert_eq!(document["acr_values_supported"], json!(["eidas1", "eidas2", "eidas3"]));
        let clients = Clients::new([crate::approved_login::tests::client(&[Acr::Eidas2])]).unwrap();
        let metadata = ProviderMetadata::new("https://fi.example", &clients);
        assert_eq!(metadata.acr_values_supported, ["eidas2"], "what some client may have");
    }
}
