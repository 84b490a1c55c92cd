//! Chips of every kind, and the phone app's own core that reads them: what an app does, against the server.

use std::sync::{Arc, Mutex};

use attestation::demo_root::{DemoRoot, KeyProfile};
use chip_emulator::{CaKey, Chip, ChipContents};
use clock::UnixTime;
use crypto::{Curve, EcPrivateKey, EcPublicKey, HashAlgorithm, PublicKey, SessionCipher};
use emrtd::chip_authentication::{ChipPrivateKey, ChipPublicKey};
use lds::card_security::OID_SECURITY_OBJECT;
use lds::security_info::{
    ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, KeyAgreement, PaceInfo, SecurityInfo, encode_set,
};
use lds::{CardAccess, Dg14, FileId};
use mobile_bridge::{
    AccessKey, Attestation, BridgeError, CardError, CardTransport, Checks, DeviceKeys, DeviceSignature,
    EnrolmentClient, KeyError, PinHardeningKey, Progress, ProgressListener,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use test_passports::security_object::SodPart;
use test_passports::{Specimen, State};

use super::{Bench, application};

/// A document whose chip is more than a specimen's builder knows of.
#[derive(Clone)]
pub struct Held {
    pub specimen: Specimen,
    pub contents: ChipContents,
}

impl From<Specimen> for Held {
    fn from(specimen: Specimen) -> Self {
        Self { contents: specimen.chip_contents(), specimen }
    }
}

/// A key of Chip Authentication in the group and of the cipher given.
pub fn ec_key(curve: Curve, cipher: SessionCipher, key_id: Option<u64>, name: &str) -> CaKey {
    CaKey { key_id, cipher, key: test_passports::keys::ec_key(curve, name).into() }
}

pub fn dh_key(group: u8, cipher: SessionCipher, key_id: Option<u64>, name: &str) -> CaKey {
    let group = crypto::DhGroup::from_parameter_id(group).unwrap();
    let key = crypto::DhPrivateKey::generate(&group, &mut test_passports::keys::rng(name.as_bytes()));
    CaKey { key_id, cipher, key: key.into() }
}

/// ChipAuthenticationPublicKeyInfo and ChipAuthenticationInfo of a key.
pub fn infos(key: &CaKey) -> [SecurityInfo; 2] {
    let (public, info) = match key.key.public_key() {
        ChipPublicKey::Ec(public) => (
            ChipAuthenticationPublicKeyInfo::ecdh(PublicKey::Ec(public).to_spki_der(), key.key_id),
            ChipAuthenticationInfo::ecdh(key.cipher, key.key_id),
        ),
        ChipPublicKey::Dh(public) => (
            ChipAuthenticationPublicKeyInfo::dh(public.to_spki_der(), key.key_id),
            ChipAuthenticationInfo::dh(key.cipher, key.key_id),
        ),
    };
    [SecurityInfo::ChipAuthenticationPublicKey(public), SecurityInfo::ChipAuthentication(info)]
}

impl Held {
    /// The bench's passport with PACE and nothing that proves its chip.
    pub fn bare(bench: &Bench) -> Self {
        let builder = bench.builder().active_authentication(None).chip_authentication(None);
        builder.build(&bench.utopia).into()
    }

    /// With these SecurityInfos in EF.DG14, beside those of PACE, and these keys in the chip.
    pub fn with_dg14(mut self, state: &State, infos: &[SecurityInfo], keys: &[CaKey]) -> Self {
        let file = self.specimen.file(FileId::Dg(14));
        let mut all = if file.is_empty() { Vec::new() } else { Dg14::parse(file).unwrap().security_infos };
        all.retain(|info| matches!(info, SecurityInfo::Pace(_) | SecurityInfo::ActiveAuthentication(_)));
        all.extend_from_slice(infos);
        self.contents.ca_keys = keys.to_vec();
        self.with_file(state, FileId::Dg(14), Dg14::new(all).encode())
    }

    /// The same with each key as its two SecurityInfos.
    pub fn with_keys(self, state: &State, keys: &[CaKey]) -> Self {
        let infos: Vec<SecurityInfo> = keys.iter().flat_map(infos).collect();
        self.with_dg14(state, &infos, keys)
    }

    /// With another file, and EF.SOD over it.
    pub fn with_file(mut self, state: &State, file: FileId, bytes: Vec<u8>) -> Self {
        self.specimen.files.insert(file, bytes);
        let object = self.specimen.security_object(state, 1, HashAlgorithm::Sha256);
        self.specimen.sign_with(&object, &state.dsc.signer);
        self.contents.files = self.specimen.files.clone();
        self
    }

    /// With keys in the master file, whose SecurityInfos stand in an EF.CardSecurity that `state` signed.
    pub fn with_master_file(mut self, state: &State, keys: &[CaKey]) -> Self {
        let mut all: Vec<SecurityInfo> = keys.iter().flat_map(infos).collect();
        if let Some(access) = self.specimen.files.get(&FileId::CardAccess) {
            all.extend(CardAccess::parse(access).unwrap().security_infos);
        }
        self.contents.master_file_ca_keys = keys.to_vec();
        let file = self.card_security(state, &all);
        self.specimen.files.insert(FileId::CardSecurity, file);
        self.contents.files = self.specimen.files.clone();
        self
    }

    /// EF.CardSecurity with these SecurityInfos, signed by the document signer of `state`.
    pub fn card_security(&self, state: &State, infos: &[SecurityInfo]) -> Vec<u8> {
        let mut object = self.specimen.security_object(state, 0, HashAlgorithm::Sha256);
        object.econtent_type = OID_SECURITY_OBJECT.into();
        object.content_type_attribute = Some(OID_SECURITY_OBJECT.into());
        object.with(SodPart::Content, &encode_set(infos)).content_info(&state.dsc.signer)
    }

    /// Opened by PACE with Chip Authentication Mapping, whose key is the chip's first one.
    pub fn with_mapping_key(mut self, state: &State, key: &CaKey) -> Self {
        let ChipPublicKey::Ec(public) = key.key.public_key() else { panic!("a key in a prime field") };
        let offer = PaceInfo::new(
            KeyAgreement::Ecdh,
            lds::security_info::PaceMapping::ChipAuthentication,
            SessionCipher::Aes128,
            public.curve().parameter_id(),
        );
        let [public_key, _] = infos(key);
        let offer_info = SecurityInfo::Pace(offer.clone());
        let access = CardAccess { security_infos: vec![offer_info.clone()] }.encode();
        let security = self.card_security(state, &[public_key, offer_info.clone()]);
        self.contents.pace = vec![offer];
        let [key_info, ca_info] = infos(key);
        self.specimen.files.insert(FileId::CardAccess, access);
        self.specimen.files.insert(FileId::CardSecurity, security);
        let dg14 = Dg14::new(vec![offer_info, key_info, ca_info]).encode();
        self.contents.ca_keys = vec![key.clone()];
        self.with_file(state, FileId::Dg(14), dg14)
    }

    /// What a person reads off the document.
    pub fn access_key(&self) -> AccessKey {
        AccessKey {
            document_number: self.specimen.mrz.document_number.clone(),
            date_of_birth: self.specimen.mrz.date_of_birth.to_string(),
            date_of_expiry: self.specimen.mrz.date_of_expiry.to_string(),
        }
    }

    /// The chip in the field of a phone.
    pub fn in_field(&self) -> Arc<Field> {
        Field::leaving_after(self, u64::MAX)
    }
}

/// A chip that leaves the field after so many commands.
pub struct Field {
    chip: Mutex<(Chip<ChaCha20Rng>, u64)>,
}

impl Field {
    pub fn leaving_after(held: &Held, commands: u64) -> Arc<Self> {
        let chip = Chip::new(held.contents.clone(), ChaCha20Rng::seed_from_u64(5));
        Arc::new(Self { chip: Mutex::new((chip, commands)) })
    }
}

impl CardTransport for Field {
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardError> {
        let mut held = self.chip.lock().unwrap();
        held.1 = held.1.checked_sub(1).ok_or(CardError::TagLost)?;
        Ok(held.0.answer(&command))
    }

    fn max_command_length(&self) -> u32 {
        65_536
    }

    fn extended_length_supported(&self) -> bool {
        true
    }
}

/// Both keys of a phone, attested under the bench's demo root.
pub struct Keys {
    pub device: EcPrivateKey,
    pub hardening: EcPrivateKey,
    root: DemoRoot,
    now: UnixTime,
}

impl DeviceKeys for Keys {
    fn attest(&self, challenge: Vec<u8>) -> Result<Attestation, KeyError> {
        let app = application();
        let (device, hardening) = (self.device.public_key(), self.hardening.public_key());
        let profile = KeyProfile::pin_hardening_key(&challenge, &app, self.now);
        Ok(Attestation::Android {
            app_version: "1.0.0".into(),
            device_chain: self.root.issue(&device, &KeyProfile::device_key(&challenge, &app, self.now)),
            pin_hardening_chain: self.root.issue(&hardening, &profile),
        })
    }

    fn device_key(&self) -> Result<Vec<u8>, KeyError> {
        Ok(self.device.public_key().to_sec1())
    }

    fn sign(&self, message: Vec<u8>) -> Result<DeviceSignature, KeyError> {
        let signature = self.device.sign(HashAlgorithm::Sha256, &message).to_plain(Curve::P256);
        Ok(DeviceSignature::Ecdsa { signature })
    }
}

impl PinHardeningKey for Keys {
    fn agree(&self, point: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        let failed = |error: crypto::Error| KeyError::Failed { reason: error.to_string() };
        let point = EcPublicKey::from_sec1(Curve::P256, &point).map_err(failed)?;
        self.hardening.ecdh(&point).map(|shared| shared.to_vec()).map_err(failed)
    }
}

/// A phone app whose enrolment is open and whose holder agreed to the texts.
pub struct App {
    pub keys: Arc<Keys>,
    pub client: Arc<EnrolmentClient>,
    pub heard: Arc<Heard>,
}

/// The progress of its readings.
#[derive(Default)]
pub struct Heard(pub Mutex<Vec<Progress>>);

impl ProgressListener for Heard {
    fn on_progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
}

impl App {
    pub fn open(bench: &Bench, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(5000 + seed);
        let mut key = || EcPrivateKey::generate(Curve::P256, &mut rng);
        let root = DemoRoot::from_json(&bench.demo_root.to_json()).unwrap();
        let keys = Arc::new(Keys { device: key(), hardening: key(), root, now: bench.now() });
        let client = EnrolmentClient::new(&bench.url, "en", keys.clone(), keys.clone()).unwrap();
        let consents = client.options().unwrap().consents;
        client.open().unwrap();
        client.consent(consents.into_iter().map(|consent| consent.name).collect()).unwrap();
        Self { keys, client, heard: Arc::default() }
    }

    pub fn read(&self, held: &Held) -> Result<Checks, BridgeError> {
        self.read_from(held, held.in_field())
    }

    pub fn read_from(&self, held: &Held, field: Arc<dyn CardTransport>) -> Result<Checks, BridgeError> {
        self.client.read_document(field, &held.access_key(), self.heard.clone())
    }

    /// The protocols that opened the chip.
    pub fn channels(&self) -> Vec<String> {
        let channel = |event: &Progress| match event {
            Progress::ChannelOpen { protocol } => Some(protocol.clone()),
            _ => None,
        };
        self.heard.0.lock().unwrap().iter().filter_map(channel).collect()
    }

    /// The protocols by which the chip proved itself.
    pub fn proofs(&self) -> Vec<String> {
        let proof = |event: &Progress| match event {
            Progress::Proved { protocol, .. } => Some(protocol.clone()),
            _ => None,
        };
        self.heard.0.lock().unwrap().iter().filter_map(proof).collect()
    }
}

/// The private key of a chip's first key of Chip Authentication on a curve.
pub fn first_ec_key(held: &Held) -> (EcPrivateKey, SessionCipher) {
    let key = &held.contents.ca_keys[0];
    match &key.key {
        ChipPrivateKey::Ec(ec) => (ec.clone(), key.cipher),
        ChipPrivateKey::Dh(_) => panic!("a key in a prime field"),
    }
}
