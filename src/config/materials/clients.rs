//! The clients of a configuration, and key sets.

use std::collections::BTreeSet;
use std::path::Path;

use jose::{EncryptionKey, JwkSet};
use oidc::{ClientAuth, Clients, Policy, Scope, SecretDigest, TokenEncryption};

use super::Reader;
use crate::client_keys::ClientKeys;
use crate::config::values::at;
use crate::config::{
    AccessTokenUse, Client, ClientAuthentication, ClientProfile, Mistake, RequestObjects, SubjectType,
    UserinfoFormat, is_loopback_http,
};
use crate::http::own;

impl Reader<'_> {
    pub(super) fn clients(&mut self) -> Option<Clients> {
        let mut clients = Vec::new();
        for (i, client) in self.config.clients.iter().enumerate() {
            let key = format!("clients.{i}");
            if client.id == own::CLIENT {
                self.wrong(format!("{key}.id"), "is the name of this server's own pages");
            }
            for uri in client.redirect_uris.iter().chain(&client.post_logout_redirect_uris) {
                if !acceptable_redirect(uri, self.config.is_demo()) {
                    self.wrong(
                        format!("{key}.redirect_uris"),
                        format!("{uri}: must be an absolute https URL"),
                    );
                }
            }
            let Some(auth) = self.client_auth(&key, client) else { continue };
            let (id, uris) = (client.id.as_str(), client.redirect_uris.clone());
            let built = oidc::Client::new(id, &client.name, uris, auth, client.acr.clone());
            let encryption =
                client.encryption_algorithm.map(|alg| TokenEncryption { alg, enc: client.encryption_method });
            let out = client.post_logout_redirect_uris.clone();
            let built = built.and_then(|built| built.with_post_logout_redirect_uris(out));
            let built = built.map(|built| built.with_encryption(encryption));
            let Some(policy) = self.policy(&key, client) else { continue };
            let built = built.and_then(|built| built.with_policy(policy));
            let built = match self.scopes(&key, client) {
                Some(scopes) => built.map(|built| built.with_scopes(scopes)),
                None => built,
            };
            clients.extend(self.noted(built.map_err(|error| Mistake::new(key, error))));
        }
        let clients = Clients::new(clients).map_err(|error| Mistake::new("clients", error));
        self.noted(clients)
    }

    /// The policy beyond the broker's contract.
    fn policy(&mut self, key: &str, client: &Client) -> Option<Policy> {
        let written = &client.policy;
        let request_objects = match written.request_objects {
            RequestObjects::Refused => oidc::RequestObjects::Refused,
            wanted => {
                let name = format!("{key}.jwks_file");
                let Some(file) = &client.jwks_file else {
                    self.wrong(name, "missing: request objects are signed");
                    return None;
                };
                let keys = self.jwks(&name, file)?;
                match wanted {
                    RequestObjects::Required => oidc::RequestObjects::Required(keys),
                    _ => oidc::RequestObjects::Accepted(keys),
                }
            }
        };
        let sector = match (written.subject_type, &written.sector) {
            (SubjectType::Public, _) => None,
            (SubjectType::Pairwise, Some(sector)) => Some(sector.clone()),
            (SubjectType::Pairwise, None) => {
                let hosts: BTreeSet<_> =
                    client.redirect_uris.iter().map(|uri| uri.split('/').nth(2)).collect();
                if hosts.len() != 1 {
                    self.wrong(
                        format!("{key}.policy.sector"),
                        "missing: the redirect URIs are of several hosts",
                    );
                }
                hosts.into_iter().next().flatten().map(str::to_owned)
            }
        };
        let policy = Policy {
            signing: client.signing_algorithm,
            plain_userinfo: written.userinfo == UserinfoFormat::Json,
            sector,
            sso_seconds: written.sso_seconds,
            reusable_token: written.access_token == AccessTokenUse::Reusable,
            require_pkce: written.require_pkce,
            require_pushed: written.require_pushed_requests,
            request_objects,
            require_dpop: written.require_dpop,
            strict_assertions: false,
            backchannel: written.ciba,
            identity_assurance: written.identity_assurance,
        };
        Some(match written.profile {
            Some(ClientProfile::Fapi2) => policy.fapi2(),
            None => policy,
        })
    }

    fn scopes(&mut self, key: &str, client: &Client) -> Option<Vec<Scope>> {
        let names = client.policy.scopes.as_ref()?;
        let known = names.iter().map(|name| {
            Scope::from_name(name)
                .ok_or_else(|| Mistake::new(format!("{key}.policy.scopes"), format!("{name}: not a scope")))
        });
        let known: Vec<_> = known.collect();
        known.into_iter().map(|scope| self.noted(scope)).collect()
    }

    /// Where the keys are that tokens are encrypted to.
    pub(super) fn client_keys(&mut self) -> ClientKeys {
        let mut keys = ClientKeys::default();
        for (i, client) in self.config.clients.iter().enumerate() {
            let key = format!("clients.{i}");
            let Some(alg) = client.encryption_algorithm else { continue };
            match (&client.jwks_uri, &client.jwks_file) {
                (Some(uri), _) if acceptable_redirect(uri, self.config.is_demo()) => {
                    keys.fetched(&client.id, uri);
                }
                (Some(uri), _) => {
                    self.wrong(format!("{key}.jwks_uri"), format!("{uri}: must be an absolute https URL"));
                }
                (None, Some(file)) => {
                    let name = format!("{key}.jwks_file");
                    let Some(set) = self.jwks(&name, file) else { continue };
                    if EncryptionKey::select(&set, alg).is_err() {
                        self.wrong(name, format!("no key for {}", alg.name()));
                    }
                    keys.known(&client.id, set);
                }
                (None, None) => self.wrong(format!("{key}.jwks_uri"), "missing, and jwks_file too"),
            }
        }
        keys
    }

    fn client_auth(&mut self, key: &str, client: &Client) -> Option<ClientAuth> {
        match client.authentication {
            ClientAuthentication::ClientSecretPost
            | ClientAuthentication::ClientSecretBasic
            | ClientAuthentication::ClientSecret => {
                let name = format!("{key}.secret");
                let secret = self.required(&name, &client.secret, client.secret_file.as_deref())?;
                let digest = SecretDigest::of(secret.expose()).map_err(|error| Mistake::new(name, error));
                let digests = vec![self.noted(digest)?];
                Some(match client.authentication {
                    ClientAuthentication::ClientSecretBasic => ClientAuth::SecretBasic(digests),
                    ClientAuthentication::ClientSecret => ClientAuth::Secret(digests),
                    _ => ClientAuth::SecretPost(digests),
                })
            }
            ClientAuthentication::PrivateKeyJwt => {
                let name = format!("{key}.jwks_file");
                let Some(file) = &client.jwks_file else {
                    self.wrong(name, "missing");
                    return None;
                };
                self.jwks(&name, file).map(ClientAuth::PrivateKeyJwt)
            }
        }
    }

    pub(super) fn jwks(&mut self, key: &str, file: &Path) -> Option<JwkSet> {
        let path = self.config.path(file);
        let bytes = std::fs::read(&path).map_err(|error| Mistake::new(key, at(&path, error)));
        let bytes = self.noted(bytes)?;
        let set = JwkSet::from_json(&bytes).map_err(|error| Mistake::new(key, at(&path, error)));
        self.noted(set)
    }
}

/// An absolute https URL without fragment; http on a loopback host in the demo environment.
fn acceptable_redirect(uri: &str, demo: bool) -> bool {
    let visible = uri.bytes().all(|b| b.is_ascii_graphic())
        && !uri.contains(['#', '"', '<', '>', '\\', '\'', ';', ',']);
    let scheme = uri.starts_with("https://") || (demo && is_loopback_http(uri));
    visible && scheme && uri.split('/').nth(2).is_some_and(|host| !host.is_empty() && !host.contains('@'))
}
