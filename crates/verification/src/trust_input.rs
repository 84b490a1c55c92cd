//! Files as they are published: which certificates, CRLs and signed lists are in them.
//!
//! DER and PEM; CMS master, deviation and defect lists, and bare master lists; LDIF of a PKD (RFC 2849); lines of JSON with a certificate in base64
//! under `der`. What something is, is told by its content, never by a file's name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lds::cms::OID_SIGNED_DATA;
use lds::ldif::PkdObject;
use lds::master_list::CscaMasterList;
use lds::tlv::{self, encode_oid, tag};
use lds::{DefectList, DeviationList, Ldif};
use x509_parser::pem::Pem;

use crate::MasterList;
use crate::certificate::Certificate;
use crate::crl::Crl;

/// The most objects that are taken from one file.
const MAX_OBJECTS: usize = 200_000;

/// One thing found in a file.
#[derive(Clone, Debug)]
pub enum Found {
    /// A certificate, DER.
    Certificate(Vec<u8>),
    /// A CRL, DER.
    Crl(Vec<u8>),
    /// A master list, DER: the certificates in it are not listed again.
    MasterList(Vec<u8>),
    /// A deviation list, DER.
    DeviationList(Vec<u8>),
    /// A defect list, DER.
    DefectList(Vec<u8>),
    /// Something that is none of them, and why.
    Unreadable(String),
}

/// What is in a file.
#[must_use]
pub fn read_objects(bytes: &[u8]) -> Vec<Found> {
    let text = std::str::from_utf8(bytes).ok();
    let mut found = match (bytes.first(), text) {
        (Some(0x30), _) => object(bytes),
        (Some(b'{'), Some(text)) => {
            text.lines().filter(|line| !line.trim().is_empty()).flat_map(json_line).collect()
        }
        (_, Some(text)) if text.contains("-----BEGIN ") => pem(bytes),
        (_, Some(text)) if is_ldif(text) => ldif(bytes),
        _ => vec![Found::Unreadable("neither DER, PEM, LDIF nor JSON".to_owned())],
    };
    found.truncate(MAX_OBJECTS);
    found
}

/// One object in DER, or a list in BER. What begins like a certificate is one, however broken.
fn object(der: &[u8]) -> Vec<Found> {
    let signed_data = encode_oid(OID_SIGNED_DATA);
    let value = match der.strip_prefix(&[0x30, 0x80]) {
        Some(of_indefinite_length) => of_indefinite_length,
        None => tlv::read_one("file", der, tag::SEQUENCE).map_or(&[][..], |element| element.value),
    };
    if value.starts_with(&signed_data) {
        return vec![signed_list(der)];
    }
    if let Ok(list) = CscaMasterList::parse(der) {
        return list.certificates.into_iter().map(Found::Certificate).collect();
    }
    if Certificate::parse(der).is_err() && Crl::read(der).is_some() {
        return vec![Found::Crl(der.to_vec())];
    }
    vec![Found::Certificate(der.to_vec())]
}

/// One of the lists that are signed. What is none of them is told as the master list that it is not.
fn signed_list(der: &[u8]) -> Found {
    let master_list = match MasterList::parse(der) {
        Ok(_) => return Found::MasterList(der.to_vec()),
        Err(error) => error,
    };
    if DeviationList::parse(der).is_ok() {
        Found::DeviationList(der.to_vec())
    } else if DefectList::parse(der).is_ok() {
        Found::DefectList(der.to_vec())
    } else {
        Found::Unreadable(master_list.to_string())
    }
}

fn pem(bytes: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    for block in Pem::iter_from_buffer(bytes) {
        match block {
            Ok(block) => found.extend(object(&block.contents)),
            Err(error) => found.push(Found::Unreadable(error.to_string())),
        }
    }
    found
}

fn json_line(line: &str) -> Vec<Found> {
    let unreadable = |reason: String| vec![Found::Unreadable(reason)];
    let value: serde_json::Value = match serde_json::from_str(line) {
        Ok(value) => value,
        Err(error) => return unreadable(error.to_string()),
    };
    match value.get("der").and_then(serde_json::Value::as_str).map(|text| STANDARD.decode(text)) {
        Some(Ok(der)) => object(&der),
        Some(Err(error)) => unreadable(error.to_string()),
        None => unreadable("a line without der".to_owned()),
    }
}

fn is_ldif(text: &str) -> bool {
    text.starts_with("version:") || text.starts_with("dn:") || text.starts_with("#") || text.contains("\ndn:")
}

/// The objects of a PKD. A fault spoils its own entry.
fn ldif(bytes: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    for entry in Ldif::new(bytes) {
        match entry {
            Ok(entry) => found.extend(entry.pkd_objects().flat_map(|object_of| match object_of {
                PkdObject::Certificate(der) | PkdObject::MasterList(der) | PkdObject::RevocationList(der) => {
                    object(der)
                }
            })),
            Err(error) => found.push(Found::Unreadable(error.to_string())),
        }
    }
    found
}
