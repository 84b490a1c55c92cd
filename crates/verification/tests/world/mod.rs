//! Certificates, EF.SOD and master lists put together part by part, so that any one part can be wrong.

#![allow(dead_code, reason = "each test program uses some of it")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::BTreeMap;

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm};
use lds::tlv::{self, tag};
use lds::{FileId, cms, sod};
use test_passports::certificate::{Name, key_identifier};
use test_passports::keys::hash_algorithm_der;
use test_passports::{PrivateKey, Signer, Specimen, SpecimenBuilder, State, StateBuilder, asn1};
use verification::{ChipData, Policy, TrustStore, judge_data};

pub const MASTER_LIST_SIGNING: &str = "2.23.136.1.1.3";
pub const MASTER_LIST: &str = "2.23.136.1.1.2";
pub const YEAR: i64 = 31_557_600;

pub fn at() -> UnixTime {
    UnixTime::from_rfc3339("2026-06-01").unwrap()
}

pub fn ec(name: &str) -> Signer {
    Signer::new(PrivateKey::ec_explicit(Curve::P256, name), HashAlgorithm::Sha256)
}

pub fn utopia() -> State {
    StateBuilder::new(at()).build()
}

pub fn passport(state: &State) -> Specimen {
    SpecimenBuilder::new(at()).build(state)
}

pub fn store(cscas: &[&[u8]]) -> TrustStore {
    let mut store = TrustStore::new();
    for csca in cscas {
        store.add_csca(csca).unwrap();
    }
    store
}

/// The code of the refusal of EF.SOD alone.
pub fn sod_code(store: &TrustStore, sod: &[u8]) -> Option<String> {
    store.authenticate_sod(sod, &Policy::default(), at()).outcome.err().map(|rejection| rejection.code())
}

/// The code of the refusal of a document.
pub fn code(store: &TrustStore, files: &BTreeMap<FileId, Vec<u8>>, policy: &Policy) -> Option<String> {
    judge_data(&ChipData::new(files.clone()), store, policy, at()).outcome.err().map(|r| r.code())
}

pub fn name(country: &str, common_name: &str) -> Name {
    Name { country: country.into(), organization: "Government".into(), common_name: common_name.into() }
}

pub fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { asn1::boolean_true() } else { Vec::new() };
    asn1::sequence(&[asn1::oid(oid), critical, asn1::octet_string(value)])
}

pub fn subject_key_id(spki: &[u8]) -> Vec<u8> {
    extension("2.5.29.14", false, &asn1::octet_string(&key_identifier(spki)))
}

pub fn authority_key_id(spki: &[u8]) -> Vec<u8> {
    extension("2.5.29.35", false, &asn1::sequence(&[tlv::encode(0x80, &key_identifier(spki))]))
}

pub fn key_usage(bits: &[u8], critical: bool) -> Vec<u8> {
    extension("2.5.29.15", critical, &asn1::named_bits(bits))
}

pub fn basic_constraints(path_length: Option<u64>) -> Vec<u8> {
    let mut parts = vec![asn1::boolean_true()];
    parts.extend(path_length.map(asn1::integer));
    extension("2.5.29.19", true, &asn1::sequence(&parts))
}

pub fn extended_key_usage(oid: &str) -> Vec<u8> {
    extension("2.5.29.37", true, &asn1::sequence(&[asn1::oid(oid)]))
}

/// A certificate; every part is DER.
#[derive(Clone)]
pub struct Cert {
    pub version: Option<u64>,
    pub serial: Vec<u8>,
    pub issuer: Vec<u8>,
    pub validity: Vec<u8>,
    pub subject: Vec<u8>,
    pub spki: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
    /// The algorithm inside, if it is not the one outside.
    pub inner_algorithm: Option<Vec<u8>>,
}

pub fn validity(from: UnixTime, to: UnixTime) -> Vec<u8> {
    asn1::sequence(&[asn1::time(from), asn1::time(to)])
}

impl Cert {
    /// A CSCA's own certificate, or with another issuer a link certificate.
    pub fn csca(subject: &Name, issuer: &Name, key: &Signer, issuer_key: &Signer) -> Self {
        let spki = key.key.spki_der();
        Self {
            version: Some(2),
            serial: asn1::integer(7),
            issuer: issuer.der(),
            validity: validity(at().plus(-3 * YEAR), at().plus(12 * YEAR)),
            subject: subject.der(),
            extensions: vec![
                authority_key_id(&issuer_key.key.spki_der()),
                subject_key_id(&spki),
                key_usage(&[5, 6], true),
                basic_constraints(Some(0)),
            ],
            spki,
            inner_algorithm: None,
        }
    }

    /// A document signer of the number `serial`.
    pub fn dsc(issuer: &Name, serial: u64, key: &Signer, issuer_spki: &[u8]) -> Self {
        let spki = key.key.spki_der();
        Self {
            version: Some(2),
            serial: asn1::integer(serial),
            issuer: issuer.der(),
            validity: validity(at().plus(-2 * YEAR), at().plus(10 * YEAR)),
            subject: name(&issuer.country, "Document Signer").der(),
            extensions: vec![authority_key_id(issuer_spki), subject_key_id(&spki), key_usage(&[0], true)],
            spki,
            inner_algorithm: None,
        }
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Leaves out the extension that begins like this one.
    pub fn without(mut self, oid: &str) -> Self {
        let oid = asn1::oid(oid);
        self.extensions.retain(|one| !one.windows(oid.len()).any(|window| window == oid));
        self
    }

    pub fn tbs(&self, algorithm: &[u8]) -> Vec<u8> {
        let version = self.version.map(|n| asn1::context(0, &[asn1::integer(n)])).unwrap_or_default();
        let extensions = asn1::context(3, &[asn1::sequence(&self.extensions)]);
        asn1::sequence(&[
            version,
            self.serial.clone(),
            self.inner_algorithm.clone().unwrap_or_else(|| algorithm.to_vec()),
            self.issuer.clone(),
            self.validity.clone(),
            self.subject.clone(),
            self.spki.clone(),
            if self.extensions.is_empty() { Vec::new() } else { extensions },
        ])
    }

    pub fn sign(&self, signer: &Signer) -> Vec<u8> {
        self.sign_by(&signer.algorithm_der(), |message| signer.sign(message))
    }

    pub fn sign_by(&self, algorithm: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let tbs = self.tbs(algorithm);
        let signature = asn1::bit_string(&sign(&tbs));
        asn1::sequence(&[tbs, algorithm.to_vec(), signature])
    }
}

/// A State with a document signer under a CSCA that is made here.
pub struct World {
    pub csca_name: Name,
    pub csca: Signer,
    pub csca_der: Vec<u8>,
    pub dsc: Signer,
    pub dsc_cert: Cert,
}

impl World {
    pub fn new() -> Self {
        let (csca_name, csca, dsc) = (name("UT", "CSCA"), ec("world CSCA"), ec("world DSC"));
        let csca_der = Cert::csca(&csca_name, &csca_name, &csca, &csca).sign(&csca);
        let dsc_cert = Cert::dsc(&csca_name, 77, &dsc, &csca.key.spki_der());
        Self { csca_name, csca, csca_der, dsc, dsc_cert }
    }

    /// EF.SOD over `files` with this certificate inside, by the document signer's key.
    pub fn sod(&self, files: &BTreeMap<FileId, Vec<u8>>, dsc_der: &[u8]) -> Cms {
        let sid = asn1::sequence(&[self.csca_name.der(), asn1::integer(77)]);
        Cms::sod(&content(&hashes(files)), sid, dsc_der, &self.dsc)
    }

    pub fn store(&self) -> TrustStore {
        store(&[&self.csca_der])
    }
}

/// Number and hash of every data group.
pub fn hashes(files: &BTreeMap<FileId, Vec<u8>>) -> Vec<(u64, Vec<u8>)> {
    let groups = files.iter().filter_map(|(file, bytes)| Some((file.data_group()?, bytes)));
    groups.map(|(n, bytes)| (n.into(), crypto::sha256(bytes).to_vec())).collect()
}

/// An LDS security object.
pub fn content(hashes: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let pair = |(n, hash): &(u64, Vec<u8>)| asn1::sequence(&[asn1::integer(*n), asn1::octet_string(hash)]);
    let pairs: Vec<Vec<u8>> = hashes.iter().map(pair).collect();
    let algorithm = hash_algorithm_der(HashAlgorithm::Sha256);
    asn1::sequence(&[asn1::integer(0), algorithm, asn1::sequence(&pairs)])
}

/// A signature of PKCS#1 v1.5 with SHA-256 whose DigestInfo has these parameters, whatever they are (RFC 8017 9.2).
pub fn pkcs1v15_with_parameters(signer: &Signer, parameters: &[u8], message: &[u8]) -> Vec<u8> {
    let PrivateKey::Rsa(key) = &signer.key else { panic!("not an RSA key") };
    let algorithm = asn1::sequence(&[asn1::oid(HashAlgorithm::Sha256.oid()), parameters.to_vec()]);
    let info = asn1::sequence(&[algorithm, asn1::octet_string(&crypto::sha256(message))]);
    let padding = vec![0xFF; key.public_key().modulus_len() - info.len() - 3];
    key.raw_private_op(&[&[0, 1], padding.as_slice(), &[0], &info].concat()).unwrap()
}

pub fn attribute(oid: &str, value: Vec<u8>) -> Vec<u8> {
    asn1::sequence(&[asn1::oid(oid), asn1::set(&[value])])
}

/// SignedData.
#[derive(Clone)]
pub struct Cms {
    pub content_type: String,
    pub content: Vec<u8>,
    /// Signed attributes; `None`: the signature is over the content.
    pub attributes: Option<Vec<Vec<u8>>>,
    pub certificates: Vec<Vec<u8>>,
    pub sid: Vec<u8>,
    pub signer: Signer,
    /// The signature's algorithm, if it is not the signer's.
    pub algorithm: Option<Vec<u8>>,
}

impl Cms {
    pub fn new(
        content_type: &str,
        content: &[u8],
        sid: Vec<u8>,
        certificate: &[u8],
        signer: &Signer,
    ) -> Self {
        let digest = signer.hash.digest(content);
        Self {
            content_type: content_type.into(),
            content: content.to_vec(),
            attributes: Some(vec![
                attribute(cms::OID_CONTENT_TYPE, asn1::oid(content_type)),
                attribute(cms::OID_MESSAGE_DIGEST, asn1::octet_string(&digest)),
            ]),
            certificates: vec![certificate.to_vec()],
            sid,
            signer: signer.clone(),
            algorithm: None,
        }
    }

    pub fn sod(content: &[u8], sid: Vec<u8>, certificate: &[u8], signer: &Signer) -> Self {
        Self::new(sod::OID_LDS_SECURITY_OBJECT, content, sid, certificate, signer)
    }

    pub fn with_digest(mut self, digest: &[u8]) -> Self {
        self.attributes = Some(vec![
            attribute(cms::OID_CONTENT_TYPE, asn1::oid(&self.content_type)),
            attribute(cms::OID_MESSAGE_DIGEST, asn1::octet_string(digest)),
        ]);
        self
    }

    /// The signed attributes as they are signed.
    pub fn signed_attributes(&self) -> Option<Vec<u8>> {
        self.attributes.as_ref().map(|attributes| tlv::encode_all(tag::SET, attributes))
    }

    pub fn signature(&self) -> Vec<u8> {
        self.signer.sign(&self.signed_attributes().unwrap_or_else(|| self.content.clone()))
    }

    pub fn signer_info(&self, signature: &[u8]) -> Vec<u8> {
        let attributes = self.attributes.as_ref().map(|attributes| asn1::context(0, attributes));
        asn1::sequence(&[
            asn1::integer(if self.sid.first() == Some(&0x80) { 3 } else { 1 }),
            self.sid.clone(),
            hash_algorithm_der(self.signer.hash),
            attributes.unwrap_or_default(),
            self.algorithm.clone().unwrap_or_else(|| self.signer.algorithm_der()),
            asn1::octet_string(signature),
        ])
    }

    /// ContentInfo with these SignerInfos.
    pub fn content_info(&self, signer_infos: &[Vec<u8>]) -> Vec<u8> {
        let content = asn1::context(0, &[asn1::octet_string(&self.content)]);
        let signed_data = asn1::sequence(&[
            asn1::integer(3),
            asn1::set(&[hash_algorithm_der(self.signer.hash)]),
            asn1::sequence(&[asn1::oid(&self.content_type), content]),
            asn1::context(0, &self.certificates),
            tlv::encode_all(tag::SET, signer_infos),
        ]);
        asn1::sequence(&[asn1::oid(cms::OID_SIGNED_DATA), asn1::context(0, &[signed_data])])
    }

    pub fn encode(&self) -> Vec<u8> {
        self.content_info(&[self.signer_info(&self.signature())])
    }

    /// EF.SOD.
    pub fn sod_file(&self) -> Vec<u8> {
        tlv::encode(0x77, &self.encode())
    }

    /// EF.SOD with another signature.
    pub fn sod_with_signature(&self, signature: &[u8]) -> Vec<u8> {
        tlv::encode(0x77, &self.content_info(&[self.signer_info(signature)]))
    }
}
