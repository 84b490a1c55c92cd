//! Values of a configuration: those of the environment, secrets, keys.

use std::path::Path;
use std::sync::Arc;

use crypto::{EcPrivateKey, RsaSigner};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::{Mistake, Secret};

/// Sets `a__b__c` in a table to a value: a number, `true`, `false`, a list or a quoted text in TOML's form, anything
/// else as text.
pub(super) fn set(table: &mut toml::Table, key: &str, value: &str) -> Result<(), String> {
    let mut steps: Vec<&str> = key.split("__").collect();
    let last = steps.pop().filter(|last| !last.is_empty()).ok_or("no key")?;
    let mut at = table;
    let mut steps = steps.into_iter();
    while let Some(step) = steps.next() {
        let entry = at.entry(step).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        let entry = match entry {
            toml::Value::Array(list) => {
                let index: usize =
                    steps.next().and_then(|n| n.parse().ok()).ok_or("a list needs a number")?;
                list.get_mut(index).ok_or("the list is shorter")?
            }
            other => other,
        };
        at = entry.as_table_mut().ok_or("not a section")?;
    }
    at.insert(last.to_owned(), read(value));
    Ok(())
}

fn read(value: &str) -> toml::Value {
    let parsed = format!("v = {value}").parse::<toml::Table>().ok().filter(|table| table.len() == 1);
    match parsed.and_then(|mut table| table.remove("v")) {
        None | Some(toml::Value::Table(_) | toml::Value::Datetime(_)) => {
            toml::Value::String(value.to_owned())
        }
        Some(value) => value,
    }
}

/// The mistake that serde found. An unknown key is named itself.
pub(super) fn mistake(path: &str, error: &toml::de::Error) -> Mistake {
    // `clients[0].id` is told as `clients.0.id`, like the mistakes that are found later.
    let path = path.replace('[', ".").replace(']', "");
    Mistake::new(if path == "." { "(top)".to_owned() } else { path }, error.message())
}

/// Where the text is no TOML. Its line is not repeated: it may hold a secret.
pub(super) fn malformed(text: &str, error: &toml::de::Error) -> Mistake {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Mistake::new("TOML", format!("line {line}, column {column}: {}", error.message()))
}

/// A secret that stands inline or in a file; `None` if neither is given.
pub(super) fn secret(
    key: &str,
    inline: Option<&Secret<String>>,
    file: Option<&Path>,
) -> Result<Option<Secret<String>>, Mistake> {
    match (inline, file) {
        (Some(_), Some(_)) => Err(Mistake::new(key, "given inline and by file")),
        (Some(secret), None) => Ok(Some(secret.clone())),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).map(Zeroizing::new);
            let text = text.map_err(|error| Mistake::new(format!("{key}_file"), at(path, error)))?;
            Ok(Some(Secret::new(text.trim().to_owned())))
        }
        (None, None) => Ok(None),
    }
}

/// A message about a file.
pub(super) fn at(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

/// 32 bytes in hexadecimal or base64.
pub(super) fn key_bytes(text: &str) -> Option<[u8; 32]> {
    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    let bytes = hex::decode(text)
        .ok()
        .or_else(|| BASE64_STANDARD.decode(text).ok())
        .or_else(|| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
    bytes.map(Zeroizing::new)?.as_slice().try_into().ok()
}

/// A private key that signs, PKCS#8 in PEM: P-256 for ES256, RSA for RS256.
///
/// # Errors
/// The path, and what is wrong with it.
pub fn signing_key(path: &Path) -> Result<jose::SigningKey, String> {
    let der = PrivatePkcs8KeyDer::from_pem_file(path).map_err(|error| at(path, error))?;
    let der = der.secret_pkcs8_der();
    match (EcPrivateKey::from_pkcs8_der(der), RsaSigner::from_pkcs8_der(der)) {
        (Ok(key), _) => jose::SigningKey::new(key).map_err(|error| at(path, error)),
        (_, Ok(key)) => jose::SigningKey::rs256(key).map_err(|error| at(path, error)),
        (Err(error), Err(_)) => Err(at(path, error)),
    }
}

/// TLS with a certificate chain and its key, both PEM. A mistake comes with the end of its key's name.
pub(super) fn server_certificate(
    chain: &Path,
    key: &Path,
) -> Result<Arc<ServerConfig>, (&'static str, String)> {
    let chain_wrong = |error: String| (".certificate_file", at(chain, error));
    let certificates = CertificateDer::pem_file_iter(chain).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| chain_wrong(error.to_string()))?;
    if certificates.is_empty() {
        return Err(chain_wrong("no certificate".to_owned()));
    }
    let private_key = PrivateKeyDer::from_pem_file(key).map_err(|error| (".key_file", at(key, error)))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, private_key));
    config.map(Arc::new).map_err(|error| ("", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_sets_a_key_in_a_section_or_a_list() {
        let mut table: toml::Table = "[[clients]]\nid = 'a'\n[limits]\nburst = 1".parse().unwrap();
        set(&mut table, "limits__burst", "7").unwrap();
        set(&mut table, "clients__0__secret", "s3cret").unwrap();
        set(&mut table, "database__url", "sqlite:a.db").unwrap();
        assert_eq!(table["limits"]["burst"].as_integer(), Some(7));
        assert_eq!(table["clients"][0]["secret"].as_str(), Some("s3cret"));
        assert_eq!(table["database"]["url"].as_str(), Some("sqlite:a.db"));
        assert!(set(&mut table, "clients__1__secret", "x").is_err());
        assert!(set(&mut table, "limits__burst__x", "x").is_err());
    }

    #[test]
    fn keys_are_32_bytes_in_hexadecimal_or_base64() {
        assert_eq!(key_bytes(&"ab".repeat(32)), Some([0xab; 32]));
        assert_eq!(key_bytes("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), Some([0; 32]));
        assert_eq!(key_bytes("abcd"), None);
    }
}
