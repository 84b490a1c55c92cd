//! What a client learns of this provider (OpenID Connect Discovery 1.0, 3; RFC 8414, 2; RFC 9207, 3).

use identity::Acr;
use identity::pivot::Claim;
use serde::Serialize;

use crate::Scope;

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
}

/// The algorithms of [`crate::TokenEncryption`].
const KEY_MANAGEMENT: &[&str] = &["RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"];
const CONTENT_ENCRYPTION: &[&str] = &["A256GCM", "A128CBC-HS256"];

/// The claims about a login, and the mark of declared claims; those about the person are `Claim::ALL`.
const LOGIN_CLAIMS: [&str; 11] =
    ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "declared_claims"];

impl ProviderMetadata {
    /// The metadata of this issuer.
    #[must_use]
    pub fn new(issuer: &str) -> Self {
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
            grant_types_supported: &["authorization_code"],
            acr_values_supported: Acr::ALL.into_iter().map(Acr::as_str).collect(),
            subject_types_supported: &["public"],
            id_token_signing_alg_values_supported: &["ES256"],
            id_token_encryption_alg_values_supported: KEY_MANAGEMENT,
            id_token_encryption_enc_values_supported: CONTENT_ENCRYPTION,
            userinfo_signing_alg_values_supported: &["ES256"],
            userinfo_encryption_alg_values_supported: KEY_MANAGEMENT,
            userinfo_encryption_enc_values_supported: CONTENT_ENCRYPTION,
            token_endpoint_auth_methods_supported: &[
                "client_secret_post",
                "client_secret_basic",
                "private_key_jwt",
            ],
            token_endpoint_auth_signing_alg_values_supported: &["ES256", "RS256"],
            code_challenge_methods_supported: &["S256"],
            prompt_values_supported: &["none", "login", "consent", "select_account"],
            claim_types_supported: &["normal"],
            claims_supported: claims.collect(),
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            authorization_response_iss_parameter_supported: true,
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
        serde_json::from_slice(&ProviderMetadata::new("https://fi.example").to_json()).unwrap()
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
    }
}
