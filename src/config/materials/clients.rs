//! The clients of a configuration, and key sets.

use std::path::Path;

use jose::{EncryptionKey, JwkSet};
use oidc::{ClientAuth, Clients, SecretDigest, TokenEncryption};

use super::Reader;
use crate::client_keys::ClientKeys;
use crate::config::values::at;
use crate::config::{Client, ClientAuthentication, Mistake, is_loopback_http};
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
            clients.extend(self.noted(built.map_err(|error| Mistake::new(key, error))));
        }
        let clients = Clients::new(clients).map_err(|error| Mistake::new("clients", error));
        self.noted(clients)
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
            ClientAuthentication::ClientSecretPost | ClientAuthentication::ClientSecretBasic => {
                let name = format!("{key}.secret");
                let secret = self.required(&name, &client.secret, client.secret_file.as_deref())?;
                let digest = SecretDigest::of(secret.expose()).map_err(|error| Mistake::new(name, error));
                let digests = vec![self.noted(digest)?];
                Some(match client.authentication {
                    ClientAuthentication::ClientSecretBasic => ClientAuth::SecretBasic(digests),
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
