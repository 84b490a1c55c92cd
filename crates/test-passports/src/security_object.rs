//! EF.SOD (Doc 9303-10 4.6.2), right or with chosen mistakes.

use std::collections::BTreeMap;

use clock::UnixTime;
use crypto::HashAlgorithm;
use lds::cms::{OID_CONTENT_TYPE, OID_MESSAGE_DIGEST, OID_SIGNED_DATA, OID_SIGNING_TIME};
use lds::sod::{LdsSecurityObject, LdsVersionInfo, OID_LDS_SECURITY_OBJECT};
use lds::{FileId, tlv};

use crate::Signer;
use crate::asn1;
use crate::keys::hash_algorithm_der;

/// How SignerInfo names its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerName {
    /// By the issuer's Name (DER) and the serial number.
    IssuerAndSerial(Vec<u8>, u64),
    /// By the subject key identifier.
    SubjectKeyIdentifier(Vec<u8>),
}

/// A part of EF.SOD, to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SodPart {
    /// The version of SignedData.
    SignedDataVersion,
    /// digestAlgorithms, with the tag of its SET.
    DigestAlgorithms,
    /// eContentType.
    ContentType,
    /// eContent: the LDS security object. The signature is over the bytes that replace it.
    Content,
    /// certificates, with their tag.
    Certificates,
    /// The version of SignerInfo.
    SignerVersion,
    /// digestAlgorithm of SignerInfo.
    DigestAlgorithm,
    /// The attribute messageDigest.
    MessageDigest,
    /// signatureAlgorithm of SignerInfo.
    SignatureAlgorithm,
    /// The signature.
    Signature,
}

/// What an EF.SOD is made from. Every field may be changed to make a wrong one.
#[derive(Clone, Debug)]
pub struct SecurityObjectBuilder {
    /// The signed content.
    pub content: LdsSecurityObject,
    /// eContentType.
    pub econtent_type: String,
    /// The attribute contentType.
    pub content_type_attribute: Option<String>,
    /// The hash of the content and of the attribute messageDigest: `None` takes that of the signature.
    pub digest_algorithm: Option<HashAlgorithm>,
    /// The attribute messageDigest: `None` takes the digest of the content.
    pub message_digest: Option<Vec<u8>>,
    /// The attribute signingTime.
    pub signing_time: Option<UnixTime>,
    /// Certificates to put in.
    pub certificates: Vec<Vec<u8>>,
    /// How the signer is named.
    pub signer_name: SignerName,
    /// Parts by other bytes than their own; none: the part is missing.
    pub replaced: BTreeMap<SodPart, Vec<u8>>,
}

impl SecurityObjectBuilder {
    /// Hashes the data groups among `files`. `version` 1 has the LDS version inside.
    #[must_use]
    pub fn new(
        files: &BTreeMap<FileId, Vec<u8>>,
        hash: HashAlgorithm,
        version: u8,
        dsc_der: &[u8],
        signer_name: SignerName,
    ) -> Self {
        let hashes =
            files.iter().filter_map(|(id, bytes)| id.data_group().map(|n| (n, hash.digest(bytes)))).collect();
        let info = LdsVersionInfo { lds_version: "0108".into(), unicode_version: "040000".into() };
        Self {
            content: LdsSecurityObject {
                version,
                hash_algorithm: hash,
                hashes,
                lds_version: (version == 1).then_some(info),
            },
            econtent_type: OID_LDS_SECURITY_OBJECT.into(),
            content_type_attribute: Some(OID_LDS_SECURITY_OBJECT.into()),
            digest_algorithm: None,
            message_digest: None,
            signing_time: None,
            certificates: vec![dsc_der.to_vec()],
            signer_name,
            replaced: BTreeMap::new(),
        }
    }

    /// Signs and encodes the file.
    #[must_use]
    pub fn sign(&self, signer: &Signer) -> Vec<u8> {
        tlv::encode(0x77, &self.content_info(signer))
    }

    /// Signs and encodes what stands in the file: EF.CardSecurity has no more than that.
    #[must_use]
    pub fn content_info(&self, signer: &Signer) -> Vec<u8> {
        let hash = self.digest_algorithm.unwrap_or(signer.hash);
        let econtent = self.part(SodPart::Content, || self.content.encode());
        let attributes = self.attributes(&econtent, hash);
        let (version, name) = self.signer_identifier();
        let signer_info = asn1::sequence(&[
            self.part(SodPart::SignerVersion, || asn1::integer(version)),
            name,
            self.part(SodPart::DigestAlgorithm, || hash_algorithm_der(hash)),
            tlv::encode(0xA0, &attributes),
            self.part(SodPart::SignatureAlgorithm, || signer.algorithm_der()),
            self.part(SodPart::Signature, || {
                asn1::octet_string(&signer.sign(&tlv::encode(0x31, &attributes)))
            }),
        ]);
        let content = asn1::context(0, &[asn1::octet_string(&econtent)]);
        let content_type = self.part(SodPart::ContentType, || asn1::oid(&self.econtent_type));
        let signed_data = asn1::sequence(&[
            self.part(SodPart::SignedDataVersion, || asn1::integer(3)),
            self.part(SodPart::DigestAlgorithms, || asn1::set(&[hash_algorithm_der(hash)])),
            asn1::sequence(&[content_type, content]),
            self.part(SodPart::Certificates, || asn1::context(0, &self.certificates)),
            asn1::set(&[signer_info]),
        ]);
        asn1::sequence(&[asn1::oid(OID_SIGNED_DATA), asn1::context(0, &[signed_data])])
    }

    /// The same with a part by other bytes; by none: without it.
    #[must_use]
    pub fn with(mut self, part: SodPart, der: &[u8]) -> Self {
        self.replaced.insert(part, der.to_vec());
        self
    }

    fn part(&self, part: SodPart, usual: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        self.replaced.get(&part).cloned().unwrap_or_else(usual)
    }

    /// The signed attributes without their tag.
    fn attributes(&self, econtent: &[u8], hash: HashAlgorithm) -> Vec<u8> {
        let attribute = |oid: &str, value: Vec<u8>| asn1::sequence(&[asn1::oid(oid), asn1::set(&[value])]);
        let digest = self.message_digest.clone().unwrap_or_else(|| hash.digest(econtent));
        let mut out = vec![
            self.part(SodPart::MessageDigest, || attribute(OID_MESSAGE_DIGEST, asn1::octet_string(&digest))),
        ];
        if let Some(content_type) = &self.content_type_attribute {
            out.push(attribute(OID_CONTENT_TYPE, asn1::oid(content_type)));
        }
        if let Some(at) = self.signing_time {
            out.push(attribute(OID_SIGNING_TIME, asn1::time(at)));
        }
        out.sort();
        out.concat()
    }

    /// The version of SignerInfo that goes with the identifier (RFC 5652 5.3), and the identifier.
    fn signer_identifier(&self) -> (u64, Vec<u8>) {
        match &self.signer_name {
            SignerName::IssuerAndSerial(issuer, serial) => {
                (1, asn1::sequence(&[issuer.clone(), asn1::integer(*serial)]))
            }
            SignerName::SubjectKeyIdentifier(identifier) => (3, tlv::encode(0x80, identifier)),
        }
    }
}
