//! Steps 8 to 14: one attested key.

use clock::UnixTime;
use crypto::{Curve, EcPublicKey, PublicKey};

use crate::chain::VerifiedChain;
use crate::key_description::{ApplicationId, AuthorizationList, KeyDescription, RootOfTrust};
use crate::{Application, AttestationPolicy, Error, SecurityLevel};

/// KeyMint's numbers.
pub(crate) mod keymint {
    pub(crate) const PURPOSE_SIGN: u64 = 2;
    pub(crate) const PURPOSE_VERIFY: u64 = 3;
    pub(crate) const PURPOSE_AGREE_KEY: u64 = 6;
    pub(crate) const ALGORITHM_EC: u64 = 3;
    pub(crate) const CURVE_P256: u64 = 1;
    pub(crate) const DIGEST_SHA256: u64 = 4;
    pub(crate) const ORIGIN_GENERATED: u64 = 0;
    pub(crate) const BOOT_STATE_VERIFIED: u64 = 0;
}

/// What the key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Signs.
    Device,
    /// Does ECDH and nothing else.
    PinHardening,
}

/// A key that passed every step.
pub(crate) struct AttestedKey {
    pub(crate) key: EcPublicKey,
    pub(crate) demo: bool,
    pub(crate) root_of_trust: RootOfTrust,
    pub(crate) os_patch_level: u32,
    pub(crate) application: ApplicationId,
}

/// Steps 1 to 14 for one key.
pub(crate) fn verify_key(
    role: Role,
    chain: &[Vec<u8>],
    challenge: &[u8],
    policy: &AttestationPolicy,
    at: UnixTime,
) -> Result<AttestedKey, Error> {
    // 1-7
    let chain = VerifiedChain::verify(chain, policy, at)?;
    let description = KeyDescription::parse(chain.key_description()?)?;
    let hardware = &description.hardware_enforced;
    // 8
    if challenge.is_empty() || !crypto::ct_eq(description.challenge, challenge) {
        return Err(Error::Challenge);
    }
    // 9
    check_security_level(&description, chain.strongbox_issuer, policy)?;
    // 14 before 10: a key of a kind that we do not take is told as such
    let key = match chain.public_key()? {
        PublicKey::Ec(key) if key.curve() == Curve::P256 => key,
        _ => return Err(Error::UnsupportedKey),
    };
    // 10
    check_authorizations(role, hardware)?;
    if hardware.all_applications || description.software_enforced.all_applications {
        return Err(Error::AllApplications);
    }
    // 11
    let root_of_trust = check_root_of_trust(hardware, policy)?;
    // 12
    let os_patch_level = check_patch_levels(hardware, policy)?;
    // 13
    let application = description.software_enforced.application_id.unwrap_or_default();
    check_application(&application, &policy.applications)?;
    Ok(AttestedKey { key, demo: chain.demo, root_of_trust, os_patch_level, application })
}

/// Step 9.
fn check_security_level(
    description: &KeyDescription<'_>,
    strongbox_issuer: bool,
    policy: &AttestationPolicy,
) -> Result<(), Error> {
    if description.attestation_security_level != description.keymint_security_level {
        return Err(Error::SecurityLevel("attestation and key differ"));
    }
    let level = match description.attestation_security_level {
        1 => SecurityLevel::TrustedEnvironment,
        2 => SecurityLevel::StrongBox,
        _ => return Err(Error::SecurityLevel("software")),
    };
    if (level == SecurityLevel::StrongBox) != strongbox_issuer {
        return Err(Error::SecurityLevel("the certificate says another"));
    }
    if !policy.security_levels.contains(&level) {
        return Err(Error::SecurityLevel("not accepted by policy"));
    }
    Ok(())
}

/// Step 10. Every approval and every sealing also needs the PIN key, which the server checks; so neither key must
/// ask the phone for a user authentication, but each must say clearly whether it does.
fn check_authorizations(role: Role, hardware: &AuthorizationList) -> Result<(), Error> {
    use keymint::{
        ALGORITHM_EC, CURVE_P256, DIGEST_SHA256, ORIGIN_GENERATED, PURPOSE_AGREE_KEY, PURPOSE_SIGN,
        PURPOSE_VERIFY,
    };
    if hardware.origin != Some(ORIGIN_GENERATED) {
        return Err(Error::Origin);
    }
    let purposes = &hardware.purposes;
    let purposes_fit = match role {
        Role::Device => {
            purposes.contains(&PURPOSE_SIGN)
                && purposes.iter().all(|p| [PURPOSE_SIGN, PURPOSE_VERIFY].contains(p))
        }
        Role::PinHardening => purposes[..] == [PURPOSE_AGREE_KEY],
    };
    if !purposes_fit {
        return Err(Error::Purpose);
    }
    let digest_fits = role == Role::PinHardening || hardware.digests.contains(&DIGEST_SHA256);
    let curve_fits = hardware.algorithm == Some(ALGORITHM_EC) && hardware.ec_curve == Some(CURVE_P256);
    if !digest_fits || !curve_fits {
        return Err(Error::Algorithm);
    }
    if hardware.no_auth_required == hardware.user_auth_type.is_some() {
        return Err(Error::UserAuthentication);
    }
    Ok(())
}

/// Step 11.
fn check_root_of_trust(
    hardware: &AuthorizationList,
    policy: &AttestationPolicy,
) -> Result<RootOfTrust, Error> {
    let root = hardware.root_of_trust.clone().ok_or(Error::RootOfTrust)?;
    if policy.require_verified_boot && root.verified_boot_state != keymint::BOOT_STATE_VERIFIED {
        return Err(Error::BootState);
    }
    if policy.require_locked && !root.device_locked {
        return Err(Error::Unlocked);
    }
    Ok(root)
}

/// Step 12; the level of the operating system, which must be stated in any case.
fn check_patch_levels(hardware: &AuthorizationList, policy: &AttestationPolicy) -> Result<u32, Error> {
    let levels = [
        ("operating system", hardware.os_patch_level, policy.min_os_patch_level),
        ("vendor", hardware.vendor_patch_level, policy.min_vendor_patch_level),
        ("boot", hardware.boot_patch_level, policy.min_boot_patch_level),
    ];
    for (name, level, least) in levels {
        if least.is_some_and(|least| level.is_none_or(|level| level < u64::from(least))) {
            return Err(Error::PatchLevel(name));
        }
    }
    let os = hardware.os_patch_level.and_then(|level| u32::try_from(level).ok());
    os.ok_or(Error::PatchLevel("operating system"))
}

/// Step 13. Apps that share a user id can use each other's keys, so every package named must be one of ours.
fn check_application(id: &ApplicationId, accepted: &[Application]) -> Result<(), Error> {
    let ours = |package: &Vec<u8>| {
        accepted.iter().any(|application| {
            let signed_by = |digest: &Vec<u8>| application.signer_sha256.iter().any(|s| s[..] == digest[..]);
            application.package_name.as_bytes() == package && id.signatures.iter().all(signed_by)
        })
    };
    let complete = !id.packages.is_empty() && !id.signatures.is_empty();
    if complete && id.packages.iter().all(ours) { Ok(()) } else { Err(Error::Application) }
}

#[cfg(test)]
mod tests;
