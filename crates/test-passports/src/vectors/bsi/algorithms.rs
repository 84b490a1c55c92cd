//! LDS_H: algorithms of EF.SOD and of the certificates.

use crypto::Curve::{BrainpoolP224r1, BrainpoolP256r1, BrainpoolP384r1, BrainpoolP512r1};
use crypto::HashAlgorithm::{self, Sha1, Sha224, Sha256, Sha384, Sha512};
use lds::FileId;

use super::{Base, draft, germany};
use crate::asn1;
use crate::keys::{DsaKey, RsaKey};
use crate::security_object::SodPart;
use crate::vectors::draft::Draft;
use crate::{PrivateKey, Signer};

/// A document under other algorithms than the default's.
struct Row {
    /// Id and reference.
    name: (&'static str, &'static str),
    description: &'static str,
    csca: Signer,
    dsc: Signer,
    /// The hash of the data groups.
    groups: HashAlgorithm,
    /// The digest of SignerInfo.
    digest: HashAlgorithm,
    /// SignerInfo names rsaEncryption as its scheme.
    bare: bool,
}

/// Who of the two signs.
#[derive(Clone, Copy)]
enum Role {
    Csca,
    Dsc,
}

fn rsa_key(role: Role) -> RsaKey {
    match role {
        Role::Csca => RsaKey::Csca3072,
        Role::Dsc => RsaKey::Dsc,
    }
}

fn pkcs1(role: Role, hash: HashAlgorithm) -> Signer {
    Signer::new(PrivateKey::rsa(rsa_key(role)), hash)
}

fn pss(role: Role, hash: HashAlgorithm) -> Signer {
    Signer::pss(rsa_key(role), hash)
}

fn dsa(role: Role, hash: HashAlgorithm) -> Signer {
    let key = match role {
        Role::Csca => DsaKey::Csca,
        Role::Dsc => DsaKey::Dsc,
    };
    Signer::new(PrivateKey::dsa(key), hash)
}

/// The plan's sizes for a hash, on the curves of the BSI.
fn ec_key(role: Role, hash: HashAlgorithm) -> PrivateKey {
    let (csca, dsc) = match hash {
        Sha1 | Sha224 => (BrainpoolP256r1, BrainpoolP224r1),
        Sha256 => (BrainpoolP256r1, BrainpoolP256r1),
        Sha384 => (BrainpoolP384r1, BrainpoolP384r1),
        Sha512 => (BrainpoolP512r1, BrainpoolP512r1),
    };
    match role {
        Role::Csca => PrivateKey::ec_explicit(csca, "CSCA D"),
        Role::Dsc => PrivateKey::ec_explicit(dsc, "DSC D"),
    }
}

fn ecdsa(role: Role, hash: HashAlgorithm) -> Signer {
    Signer::new(ec_key(role, hash), hash)
}

fn plain(role: Role, hash: HashAlgorithm) -> Signer {
    Signer::plain(ec_key(role, hash), hash)
}

/// One scheme and one hash for everything.
fn row(
    name: (&'static str, &'static str),
    description: &'static str,
    hash: HashAlgorithm,
    signer: fn(Role, HashAlgorithm) -> Signer,
) -> Row {
    let (csca, dsc) = (signer(Role::Csca, hash), signer(Role::Dsc, hash));
    Row { name, description, csca, dsc, groups: hash, digest: hash, bare: false }
}

pub(super) fn cases(base: &Base) -> Vec<Draft> {
    let mut cases: Vec<Draft> = rsa_rows().into_iter().map(|row| case(base, row)).collect();
    cases.extend(other_rows().into_iter().map(|row| case(base, row)));
    cases.extend(mixed_rows().into_iter().map(|row| case(base, row)));
    let mut kept_apart =
        case(base, row(h!("15"), "The signer's certificate is known, not in EF.SOD", Sha256, pkcs1));
    let state = germany(pkcs1(Role::Csca, Sha256), pkcs1(Role::Dsc, Sha256));
    let object = base.passport.security_object(&state, 0, Sha256).with(SodPart::Certificates, &[]);
    kept_apart = kept_apart.file(FileId::Sod, &object.sign(&state.dsc.signer));
    cases.push(kept_apart.trust(|trust| trust.dsc.push(state.dsc.certificate)));
    cases
}

/// The default's files, signed anew.
fn case(base: &Base, row: Row) -> Draft {
    let state = germany(row.csca, row.dsc);
    let mut object = base.passport.security_object(&state, 0, row.groups);
    object.digest_algorithm = Some(row.digest);
    if row.bare {
        let algorithm = asn1::sequence(&[asn1::oid("1.2.840.113549.1.1.1"), asn1::null()]);
        object = object.with(SodPart::SignatureAlgorithm, &algorithm);
    }
    let case = draft(base, row.name.0, row.name.1, row.description);
    case.file(FileId::Sod, &object.sign(&state.dsc.signer))
        .trust(|trust| trust.csca = vec![state.csca.certificate])
}

fn rsa_rows() -> Vec<Row> {
    let bare = |name, description, hash| Row { bare: true, ..row(name, description, hash, pkcs1) };
    vec![
        row(h!("01"), "RSA PKCS#1 v1.5 with SHA-1", Sha1, pkcs1),
        row(h!("02"), "RSASSA-PSS with SHA-1", Sha1, pss),
        row(h!("03"), "RSASSA-PSS with SHA-256", Sha256, pss),
        row(h!("04"), "RSA PKCS#1 v1.5 with SHA-224", Sha224, pkcs1),
        row(h!("05"), "RSA PKCS#1 v1.5 with SHA-256", Sha256, pkcs1),
        row(h!("06"), "RSA PKCS#1 v1.5 with SHA-384", Sha384, pkcs1),
        row(h!("07"), "RSA PKCS#1 v1.5 with SHA-512", Sha512, pkcs1),
        bare(h!("79"), "SignerInfo names rsaEncryption; SHA-1", Sha1),
        bare(h!("80"), "SignerInfo names rsaEncryption; SHA-224", Sha224),
        bare(h!("81"), "SignerInfo names rsaEncryption; SHA-256", Sha256),
        bare(h!("82"), "SignerInfo names rsaEncryption; SHA-384", Sha384),
        bare(h!("83"), "SignerInfo names rsaEncryption; SHA-512", Sha512),
        row(h!("94"), "RSASSA-PSS with SHA-224", Sha224, pss),
        row(h!("95"), "RSASSA-PSS with SHA-384", Sha384, pss),
        row(h!("96"), "RSASSA-PSS with SHA-512", Sha512, pss),
    ]
}

fn other_rows() -> Vec<Row> {
    vec![
        row(h!("08"), "DSA with SHA-1", Sha1, dsa),
        row(h!("97"), "DSA with SHA-224", Sha224, dsa),
        row(h!("98"), "DSA with SHA-256", Sha256, dsa),
        row(h!("09"), "ECDSA with SHA-1, 224 bits under 256", Sha1, ecdsa),
        row(h!("70"), "ECDSA with SHA-224, 224 bits under 256", Sha224, ecdsa),
        row(h!("71"), "ECDSA with SHA-256, 256 bits", Sha256, ecdsa),
        row(h!("72"), "ECDSA with SHA-384, 384 bits", Sha384, ecdsa),
        row(h!("73"), "ECDSA with SHA-512, 512 bits", Sha512, ecdsa),
        row(h!("10"), "Plain ECDSA with SHA-1, 224 bits under 256", Sha1, plain),
        row(h!("11"), "Plain ECDSA with SHA-224, 224 bits under 256", Sha224, plain),
        row(h!("12"), "Plain ECDSA with SHA-256, 256 bits", Sha256, plain),
        row(h!("13"), "Plain ECDSA with SHA-384, 384 bits", Sha384, plain),
        row(h!("14"), "Plain ECDSA with SHA-512, 512 bits", Sha512, plain),
    ]
}

fn mixed_rows() -> Vec<Row> {
    let (usual, ec) = (|| row(h!("03"), "", Sha256, pss), ecdsa(Role::Csca, Sha224));
    vec![
        Row {
            name: h!("74"),
            description: "The hash of the data groups is SHA-224, all others SHA-256",
            groups: Sha224,
            ..usual()
        },
        Row {
            name: h!("75"),
            description: "SHA-224 for data groups and message digest, RSASSA-PSS with SHA-256",
            groups: Sha224,
            digest: Sha224,
            ..usual()
        },
        Row {
            name: h!("76"),
            description: "SHA-224 for data groups and message digest, RSA PKCS#1 v1.5 with SHA-256 under a CSCA of ECDSA",
            csca: ec,
            dsc: pkcs1(Role::Dsc, Sha256),
            groups: Sha224,
            digest: Sha224,
            ..usual()
        },
        Row {
            name: h!("77"),
            description: "EF.SOD is signed with SHA-256, its signer's certificate with SHA-224",
            csca: pss(Role::Csca, Sha224),
            ..usual()
        },
        Row {
            name: h!("78"),
            description: "EF.SOD is signed with RSASSA-PSS, its signer's certificate with PKCS#1 v1.5",
            csca: pkcs1(Role::Csca, Sha256),
            ..usual()
        },
    ]
}
