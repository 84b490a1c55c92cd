//! Attestation of a phone's two hardware keys (docs/protocols.md, section 1).
//!
//! [`verify_android`] takes the chains that Android's `KeyStore.getCertificateChain()` gives for the device key and
//! for the pin hardening key, and alone makes an [`AttestedDevice`]: both keys were made in the hardware of one
//! genuine, locked phone, for our app, over our challenge. The steps follow the behaviour of
//! Google's library `android/keyattestation`:
//!
//! | step | what | where |
//! |---|---|---|
//! | 1-7 | chain: shape, provisioning, anchor, signatures, validity, revocation, place of the extension | `chain` |
//! | 8-13 | key: challenge, levels, purposes, root of trust, patch levels, application | `key` |
//! | 14 | the key is the leaf's; its possession is proved by the signature on every request | [`AttestedDevice`] |
//! | 15 | device identifiers (IMEI and others) are not even read | `key_description` |
//!
//! [`verify_app_attest`] does the same for iOS, where one key is attested and the attested app vouches for the other.
//!
//! [`demo_root`] makes chains of the same form for software keys; its root counts only in the demo environment.

mod anchor;
mod app_attest;
#[cfg(test)]
mod bench;
mod chain;
pub mod demo_root;
mod device;
mod key;
mod key_description;
mod policy;
#[cfg(test)]
mod samples;
mod status_list;
mod tlv;

pub use anchor::TrustAnchor;
pub use app_attest::verify_app_attest;
pub use device::{AttestedDevice, verify_android};
pub use policy::{AppAttestPolicy, Application, AttestationPolicy, Environment, Revocation, SecurityLevel};
pub use status_list::StatusList;

/// Why an attestation was refused. The first step that fails decides.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate, the extension, a root or the status list is not what it should be.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// Step 1: fewer or more certificates than a chain has, or no self-issued one at its end.
    #[error("not a complete chain")]
    Chain,
    /// Step 2: provisioned neither in the factory nor remotely.
    #[error("neither factory nor remotely provisioned")]
    Provisioning,
    /// Step 3: no trusted root has this name and key.
    #[error("unknown root")]
    Root,
    /// Step 3: a demo root outside the demo environment.
    #[error("the demo root is trusted in the demo environment only")]
    DemoRoot,
    /// Step 4: names do not chain, or an issuer is no CA. Counted from the leaf, which is 0.
    #[error("certificate {0} was not issued by its successor")]
    Issuer(usize),
    /// Step 4: a signature is wrong. Counted from the leaf, which is 0.
    #[error("wrong signature on certificate {0}")]
    Signature(usize),
    /// Step 5: not yet valid, or expired where that counts. Counted from the leaf, which is 0.
    #[error("certificate {0} is not valid at this time")]
    Validity(usize),
    /// Step 6: revoked or suspended. Counted from the leaf, which is 0.
    #[error("certificate {0} is revoked")]
    Revoked(usize),
    /// Step 6: the status list is required, and absent or too old. This is trouble of ours, not of the phone.
    #[error("revocation status is not available")]
    StatusUnavailable,
    /// Step 7: the attestation extension is absent from the leaf.
    #[error("no attestation extension in the leaf")]
    ExtensionMissing,
    /// Step 7: the attestation extension stands in another certificate. Counted from the leaf, which is 0.
    #[error("attestation extension in certificate {0}")]
    ExtensionMisplaced(usize),
    /// Step 8: another challenge than the server's.
    #[error("another challenge")]
    Challenge,
    /// Step 9: software, levels that contradict each other or the certificate, or a level that policy excludes.
    #[error("security level: {0}")]
    SecurityLevel(&'static str),
    /// Step 10: not generated in the hardware.
    #[error("the key was not generated in the hardware")]
    Origin,
    /// Step 10: other purposes than this key may have.
    #[error("other purposes than this key may have")]
    Purpose,
    /// Step 10: not P-256, or without SHA-256.
    #[error("other algorithm, curve or digest than this key must have")]
    Algorithm,
    /// Step 10: the key states neither that it needs user authentication nor that it needs none, or both.
    #[error("contradictory user authentication")]
    UserAuthentication,
    /// Step 10: every app of the phone may use the key.
    #[error("the key is open to all applications")]
    AllApplications,
    /// Step 11: no root of trust under hardware enforcement.
    #[error("no root of trust")]
    RootOfTrust,
    /// Step 11: the operating system was not verified at boot.
    #[error("the operating system was not verified at boot")]
    BootState,
    /// Step 11: the boot loader is unlocked.
    #[error("the device is unlocked")]
    Unlocked,
    /// Step 12: older than policy allows, or not stated.
    #[error("{0} patch level too old or not stated")]
    PatchLevel(&'static str),
    /// Step 13: another app, or an app signed by somebody else.
    #[error("another application")]
    Application,
    /// Step 14: a key of a kind that is not supported (RSA, ML-DSA, another curve).
    #[error("unsupported key")]
    UnsupportedKey,
    /// App Attest, step 5 or 9: the key is not the one that the authenticator data names.
    #[error("another key than the authenticator data names")]
    Credential,
    /// App Attest, step 7: the key has signed before.
    #[error("the key has signed before")]
    Counter,
    /// App Attest, step 8: the app was built for development, or for an environment that nobody knows.
    #[error("the app was not built for production")]
    Development,
    /// Device key and pin hardening key are one.
    #[error("device key and pin hardening key are the same")]
    SameKey,
    /// The two keys come from phones in different states, or from different apps.
    #[error("the two keys do not come from one phone")]
    TwoDevices,
}

impl Error {
    /// The stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "device.attestation-malformed",
            Self::Chain => "device.attestation-chain",
            Self::Provisioning => "device.attestation-provisioning",
            Self::Root => "device.attestation-root",
            Self::DemoRoot => "device.attestation-demo-root",
            Self::Issuer(_) => "device.attestation-issuer",
            Self::Signature(_) => "device.attestation-signature",
            Self::Validity(_) => "device.attestation-validity",
            Self::Revoked(_) => "device.attestation-revoked",
            Self::StatusUnavailable => "device.attestation-status-unavailable",
            Self::ExtensionMissing => "device.attestation-extension-missing",
            Self::ExtensionMisplaced(_) => "device.attestation-extension-misplaced",
            Self::Challenge => "device.attestation-challenge",
            Self::SecurityLevel(_) => "device.attestation-security-level",
            Self::Origin => "device.attestation-origin",
            Self::Purpose => "device.attestation-purpose",
            Self::Algorithm => "device.attestation-algorithm",
            Self::UserAuthentication => "device.attestation-user-authentication",
            Self::AllApplications => "device.attestation-all-applications",
            Self::RootOfTrust => "device.attestation-root-of-trust",
            Self::BootState => "device.attestation-boot-state",
            Self::Unlocked => "device.attestation-unlocked",
            Self::PatchLevel(_) => "device.attestation-patch-level",
            Self::Application => "device.attestation-application",
            Self::UnsupportedKey => "device.attestation-unsupported-key",
            Self::Credential => "device.attestation-credential",
            Self::Counter => "device.attestation-counter",
            Self::Development => "device.attestation-development",
            Self::SameKey => "device.attestation-same-key",
            Self::TwoDevices => "device.attestation-two-devices",
        }
    }
}
