//! What an attestation must say to count here.

use serde::{Deserialize, Serialize};

use crate::{StatusList, TrustAnchor};

/// Where the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Real people.
    Production,
    /// A demonstration or test: demo roots are trusted too.
    Demo,
}

/// Where a key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityLevel {
    /// In a trusted execution environment of the main processor.
    TrustedEnvironment,
    /// In a chip of its own.
    StrongBox,
}

/// An app whose keys are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its package name.
    pub package_name: String,
    /// SHA-256 of each certificate that may have signed it.
    pub signer_sha256: Vec<[u8; 32]>,
}

/// Whether certificates are looked up in Google's status list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// They are not: for tests and a demo without network.
    NotChecked,
    /// They must be: without a list of this age every attestation is refused.
    Required {
        /// The newest list that could be loaded, if any.
        list: Option<StatusList>,
        /// The oldest list that counts, in seconds.
        max_age: i64,
    },
}

/// What an attestation must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationPolicy {
    /// The roots: [`TrustAnchor::google`], and demo roots in the demo environment.
    pub anchors: Vec<TrustAnchor>,
    /// Where the server runs.
    pub environment: Environment,
    /// The apps accepted.
    pub applications: Vec<Application>,
    /// The levels accepted.
    pub security_levels: Vec<SecurityLevel>,
    /// The operating system must have been verified at boot.
    pub require_verified_boot: bool,
    /// The boot loader must be locked.
    pub require_locked: bool,
    /// The oldest patch level of the operating system, YYYYMM.
    pub min_os_patch_level: Option<u32>,
    /// The oldest patch level of the vendor's image, YYYYMMDD.
    pub min_vendor_patch_level: Option<u32>,
    /// The oldest patch level of the boot image, YYYYMMDD.
    pub min_boot_patch_level: Option<u32>,
    /// Revocation.
    pub revocation: Revocation,
    /// iOS.
    pub app_attest: AppAttestPolicy,
}

/// What an attestation of App Attest must say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppAttestPolicy {
    /// The roots: [`TrustAnchor::apple`], and demo roots in the demo environment.
    pub anchors: Vec<TrustAnchor>,
    /// The apps accepted: `TEAMID.bundle.id`.
    pub app_ids: Vec<String>,
}
