//! What of EF.SOD is not as the profile of Doc 9303-10 4.6.2 says. None of it changes what is signed:
//! [`crate::Policy::sod_profile`] may make it refuse.

use crypto::HashAlgorithm;
use lds::Sod;
use lds::sod::SignerIdentifier;
use lds::tlv::Oid;

use crate::profile::{Finding, gate};

const SIGNED_DATA_VERSION: Finding = gate("signed-data-version", "EF.SOD: SignedData is not of version 3");
const DIGEST_ALGORITHMS_MISSING: Finding =
    gate("digest-algorithms-missing", "EF.SOD: SignedData announces no digest algorithm");
const DIGEST_ALGORITHM: Finding =
    gate("digest-algorithm", "EF.SOD: SignedData announces a digest algorithm that is not allowed");
const SIGNER_VERSION: Finding =
    gate("signer-version", "EF.SOD: the version of SignerInfo does not go with how it names its signer");
const OBJECT_VERSION: Finding =
    gate("lds-object-version", "EF.SOD: the security object is of version 1 and has no LDS version");

/// Every departure that is looked for, in the order of EF.SOD's parts.
pub(crate) fn findings(sod: &Sod) -> Vec<Finding> {
    let object = &sod.lds_security_object;
    // RFC 5652 5.3.
    let signer_version = match sod.signer.sid {
        SignerIdentifier::IssuerAndSerial { .. } => 1,
        SignerIdentifier::SubjectKeyIdentifier(_) => 3,
    };
    let unknown = |oid: &Oid| HashAlgorithm::from_oid(oid.as_bytes()).is_none();
    [
        (sod.cms_version != 3, SIGNED_DATA_VERSION),
        (sod.digest_algorithms.is_empty(), DIGEST_ALGORITHMS_MISSING),
        (sod.digest_algorithms.iter().any(unknown), DIGEST_ALGORITHM),
        (object.version == 1 && object.lds_version.is_none(), OBJECT_VERSION),
        (sod.signer.version != signer_version, SIGNER_VERSION),
    ]
    .into_iter()
    .filter_map(|(is, finding)| is.then_some(finding))
    .collect()
}
