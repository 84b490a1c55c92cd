//! For the tests: a phone with two keys, a factory, a server that expects them, each changed in one place.

use clock::UnixTime;
use crypto::{Curve, EcPrivateKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::demo_root::factory::Factory;
use crate::demo_root::{DemoRoot, KeyProfile};
use crate::{
    AppAttestPolicy, Application, AttestationPolicy, AttestedDevice, Environment, Error, Revocation,
    SecurityLevel, TrustAnchor, verify_android,
};

/// 2026-07-10T00:00:00Z.
pub(crate) const AT: UnixTime = UnixTime(1_783_641_600);
pub(crate) const CHALLENGE: &[u8] = b"enrolment 1: 0123456789abcdef";

pub(crate) const APP_ID: &str = "0123456789.fr.example.sceau";

pub(crate) struct Bench {
    pub(crate) root: DemoRoot,
    pub(crate) keys: [EcPrivateKey; 2],
    pub(crate) device: KeyProfile,
    pub(crate) pin: KeyProfile,
    pub(crate) policy: AttestationPolicy,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_factory(|_| {})
    }

    /// The factory changed before it certifies.
    pub(crate) fn with_factory(change: impl FnOnce(&mut Factory)) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let mut factory = Factory::new(AT, &mut rng);
        change(&mut factory);
        let root = factory.certify();
        let keys = std::array::from_fn(|_| EcPrivateKey::generate(Curve::P256, &mut rng));
        let application = application();
        let policy = strict(vec![TrustAnchor::demo(root.certificate_der()).unwrap()]);
        Self {
            root,
            keys,
            device: KeyProfile::device_key(CHALLENGE, &application, AT),
            pin: KeyProfile::pin_hardening_key(CHALLENGE, &application, AT),
            policy,
        }
    }

    pub(crate) fn chains(&self) -> [Vec<Vec<u8>>; 2] {
        let [device, pin] = &self.keys;
        [self.root.issue(&device.public_key(), &self.device), self.root.issue(&pin.public_key(), &self.pin)]
    }

    pub(crate) fn verify(&self) -> Result<AttestedDevice, Error> {
        let [device, pin] = self.chains();
        self.judge(&device, &pin)
    }

    pub(crate) fn judge(&self, device: &[Vec<u8>], pin: &[Vec<u8>]) -> Result<AttestedDevice, Error> {
        verify_android(device, pin, CHALLENGE, &self.policy, AT)
    }
}

pub(crate) fn application() -> Application {
    Application { package_name: "fr.example.sceau".into(), signer_sha256: vec![[7; 32]] }
}

/// The strictest policy, in the demo environment, without revocation.
pub(crate) fn strict(anchors: Vec<TrustAnchor>) -> AttestationPolicy {
    AttestationPolicy {
        anchors: anchors.clone(),
        environment: Environment::Demo,
        applications: vec![application()],
        security_levels: vec![SecurityLevel::TrustedEnvironment, SecurityLevel::StrongBox],
        require_verified_boot: true,
        require_locked: true,
        min_os_patch_level: Some(202_607),
        min_vendor_patch_level: Some(20_260_701),
        min_boot_patch_level: Some(20_260_701),
        revocation: Revocation::NotChecked,
        app_attest: AppAttestPolicy { anchors, app_ids: vec![APP_ID.into()] },
    }
}
