//! Distinguished names, compared as real certificates need it.

use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

const COUNTRY: &str = "2.5.4.6";

/// A distinguished name as a sorted list of attributes without case and spare spaces: SignerInfo and certificates of
/// one State differ in order (Malaysia), case, spaces and string type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    attributes: Vec<(String, String)>,
    /// countryName, in upper case.
    country: Option<String>,
}

impl Name {
    pub(crate) fn new(name: &X509Name<'_>) -> Self {
        let mut attributes: Vec<(String, String)> = name
            .iter_attributes()
            .map(|attribute| (attribute.attr_type().to_id_string(), normalize(attribute.as_slice())))
            .collect();
        attributes.sort();
        let country =
            attributes.iter().find(|(oid, _)| oid == COUNTRY).map(|(_, value)| value.to_uppercase());
        Self { attributes, country }
    }

    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, name) = X509Name::from_der(der).ok()?;
        rest.is_empty().then(|| Self::new(&name))
    }

    /// The countryName in upper case.
    pub(crate) fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }
}

/// UTF-8, and where it is none (T61String) Latin-1.
fn normalize(value: &[u8]) -> String {
    let text = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().copied().map(char::from).collect(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lds::tlv::{encode, encode_all, encode_oid, tag};

    fn rdn(oid: &str, string_tag: u32, value: &str) -> Vec<u8> {
        let attribute = encode_all(tag::SEQUENCE, &[encode_oid(oid), encode(string_tag, value.as_bytes())]);
        encode_all(tag::SET, &[attribute])
    }

    fn name(rdns: &[Vec<u8>]) -> Name {
        Name::from_der(&encode_all(tag::SEQUENCE, rdns)).unwrap()
    }

    #[test]
    fn order_case_spaces_and_string_type_do_not_tell_names_apart() {
        let one = name(&[rdn("2.5.4.6", 0x13, "UT"), rdn("2.5.4.10", 0x0C, "The  Government")]);
        let other = name(&[rdn("2.5.4.10", 0x13, "the government "), rdn("2.5.4.6", 0x0C, "ut")]);
        assert_eq!(one, other);
        assert_eq!(other.country(), Some("UT"));
        assert_ne!(one, name(&[rdn("2.5.4.6", 0x13, "UT"), rdn("2.5.4.3", 0x0C, "The Government")]));
    }
}
