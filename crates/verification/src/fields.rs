//! The parts of a certificate as they are encoded: which one is missing, and what X.509 readers do not show.

use std::ops::Range;

use lds::tlv::{self, Element, Reader, tag};

const FILE: &str = "certificate";

/// ```text
/// Certificate    ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }
/// TBSCertificate ::= SEQUENCE { version [0] DEFAULT v1, serialNumber, signature, issuer, validity, subject,
///                               subjectPublicKeyInfo, .. extensions [3] OPTIONAL }
/// ```
/// RFC 5280 4.1.
pub(crate) struct Fields<'a> {
    /// 2 is v3; absent is v1.
    pub(crate) version: Option<u64>,
    pub(crate) serial: &'a [u8],
    /// The AlgorithmIdentifier inside is byte for byte the one outside.
    pub(crate) algorithms_agree: bool,
    /// The AlgorithmIdentifier outside has NULL parameters.
    pub(crate) null_parameters: bool,
    /// Where the issuer's Name stands.
    pub(crate) issuer_at: Range<usize>,
    /// notBefore and notAfter: tag and text.
    pub(crate) validity: [(u32, &'a [u8]); 2],
    /// OID, critical, contents of extnValue.
    pub(crate) extensions: Vec<(String, bool, &'a [u8])>,
}

/// The name of the first part that is missing or malformed.
pub(crate) type MissingPart = &'static str;

impl<'a> Fields<'a> {
    pub(crate) fn from_der(der: &'a [u8]) -> Result<Self, MissingPart> {
        let mut outer = tlv::read_one(FILE, der, tag::SEQUENCE)
            .and_then(|certificate| certificate.children())
            .map_err(|_| "certificate")?;
        let tbs = outer.expect(tag::SEQUENCE).map_err(|_| "certificate")?;
        let algorithm = next(&mut outer, "signature-algorithm", is_algorithm)?;
        let signature = outer.expect(tag::BIT_STRING).map_err(|_| "signature-value")?;
        if signature.value.len() < 2 || !outer.is_empty() {
            return Err("signature-value");
        }
        let mut tbs = tbs.children().map_err(|_| "certificate")?;
        let version = match tbs.optional(0xA0).map_err(|_| "version")? {
            Some(explicit) => Some(explicit_version(&explicit).ok_or("version")?),
            None => None,
        };
        let serial = tbs.expect(tag::INTEGER).map_err(|_| "serial-number")?;
        let inner = next(&mut tbs, "signature", is_algorithm)?;
        let issuer = next(&mut tbs, "issuer", is_name)?;
        let validity = next(&mut tbs, "validity", |element| times(element).is_some())?;
        next(&mut tbs, "subject", is_name)?;
        next(&mut tbs, "public-key", is_key)?;
        tbs.optional(0x81).and_then(|_| tbs.optional(0x82)).map_err(|_| "unique-identifier")?;
        let extensions = match tbs.optional(0xA3).map_err(|_| "extensions")? {
            Some(explicit) => extensions(&explicit).ok_or("extensions")?,
            None => Vec::new(),
        };
        tbs.finish().map_err(|_| "extensions")?;
        Ok(Self {
            version,
            serial: serial.value,
            algorithms_agree: inner.raw == algorithm.raw,
            null_parameters: algorithm.raw.ends_with(&[5, 0]),
            issuer_at: issuer.offset..issuer.offset + issuer.raw.len(),
            validity: times(&validity).ok_or("validity")?,
            extensions,
        })
    }

    /// An extension.
    pub(crate) fn extension(&self, oid: &str) -> Option<(bool, &'a [u8])> {
        self.extensions.iter().find(|one| one.0 == oid).map(|one| (one.1, one.2))
    }
}

/// The next element, a SEQUENCE of this shape.
fn next<'a>(
    reader: &mut Reader<'a>,
    part: MissingPart,
    shape: impl Fn(&Element<'a>) -> bool,
) -> Result<Element<'a>, MissingPart> {
    reader.expect(tag::SEQUENCE).ok().filter(|element| shape(element)).ok_or(part)
}

fn first_tag(element: &Element<'_>) -> Option<u32> {
    element.children().ok()?.peek_tag().ok()?
}

fn is_algorithm(element: &Element<'_>) -> bool {
    first_tag(element) == Some(tag::OID)
}

fn is_name(element: &Element<'_>) -> bool {
    element.value.is_empty() || first_tag(element) == Some(tag::SET)
}

fn is_key(element: &Element<'_>) -> bool {
    let shape = || -> Option<bool> {
        let mut parts = element.children().ok()?;
        let algorithm = parts.expect(tag::SEQUENCE).ok()?;
        parts.expect(tag::BIT_STRING).ok()?;
        Some(is_algorithm(&algorithm) && parts.is_empty())
    };
    shape() == Some(true)
}

fn times<'a>(validity: &Element<'a>) -> Option<[(u32, &'a [u8]); 2]> {
    let mut parts = validity.children().ok()?;
    let mut time = || {
        let element = parts.next_element().ok()??;
        let is_time = matches!(element.tag, tag::UTC_TIME | tag::GENERALIZED_TIME);
        is_time.then_some((element.tag, element.value))
    };
    let both = [time()?, time()?];
    parts.is_empty().then_some(both)
}

fn explicit_version(explicit: &Element<'_>) -> Option<u64> {
    let mut inner = explicit.children().ok()?;
    let version = inner.expect(tag::INTEGER).ok()?.unsigned().ok()?;
    inner.is_empty().then_some(version)
}

fn extensions<'a>(explicit: &Element<'a>) -> Option<Vec<(String, bool, &'a [u8])>> {
    let mut list = explicit.children().ok()?.expect(tag::SEQUENCE).ok()?.children().ok()?;
    let mut out = Vec::new();
    while let Some(extension) = list.next_element().ok()? {
        let mut parts = extension.children().ok()?;
        let oid = parts.expect(tag::OID).ok()?.oid().ok()?.to_string();
        let critical = parts.optional(tag::BOOLEAN).ok()?.is_some_and(|flag| flag.value != [0]);
        out.push((oid, critical, parts.expect(tag::OCTET_STRING).ok()?.value));
    }
    Some(out)
}

/// A time before 2050 in the long form (RFC 5280 4.1.2.5 wants UTCTime there).
pub(crate) fn is_long_before_2050((tag, text): (u32, &[u8])) -> bool {
    tag == tag::GENERALIZED_TIME && text.get(..4).is_some_and(|year| year < b"2050".as_slice())
}
