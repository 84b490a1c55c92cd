//! The cases of BSI TR-03105 part 5.1 (version 1.5) on what stands in the files, judged under the policy
//! `bsi-tr-03105`: the verdict of each is that of the plan.

/// Id and reference of a case of LDS_H.
macro_rules! h {
    ($number:literal) => {
        (concat!("pa::bsi-lds-h-", $number), concat!("BSI TR-03105-5.1 LDS_H_", $number))
    };
}

mod algorithms;
pub(super) mod card_security;
mod certificate;
pub(super) mod chip_authentication;
mod com;
mod dg1;
mod dg14;
mod dg15;
mod dg2;
mod signer_info;
mod sod;

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm, SessionCipher};
use lds::FileId;

use super::draft::Draft;
use super::manifest::Policy;
use crate::keys::RsaKey;
use crate::{ChipAuthentication, Signer, Specimen, SpecimenBuilder, State, StateBuilder};

/// The default that the others differ from.
const DEFAULT: &str = "pa::bsi-default";

/// The plan's default personalisation: Erika Mustermann's passport of Germany, under RSASSA-PSS with SHA-256.
pub(super) struct Base {
    pub(super) state: State,
    pub(super) passport: Specimen,
}

/// The time of the plan, when its default document was valid.
pub(super) fn at() -> UnixTime {
    UnixTime(1_583_020_800) // 2020-03-01T00:00:00Z
}

impl Base {
    fn new() -> Self {
        Self::with(|passport| passport)
    }

    /// The default with more on its chip.
    fn with(more: impl FnOnce(SpecimenBuilder) -> SpecimenBuilder) -> Self {
        let signer = |key| Signer::pss(key, HashAlgorithm::Sha256);
        let state = germany(signer(RsaKey::Csca3072), signer(RsaKey::Dsc));
        let passport = SpecimenBuilder::new(at())
            .names("MUSTERMANN", "ERIKA")
            .nationality("D")
            .document_number("C11T002JM")
            .birth_date(1996, 8, 12)
            .expiry_date(2023, 10, 31)
            .without_details()
            .chip_authentication(None)
            .pace(None)
            .security_object(0, HashAlgorithm::Sha256);
        let passport = more(passport).build(&state);
        Self { state, passport }
    }

    /// Replaces files, under a new EF.SOD.
    fn replace(&mut self, files: impl IntoIterator<Item = (FileId, Vec<u8>)>) {
        self.passport.files.extend(files);
        let object = self.passport.security_object(&self.state, 0, HashAlgorithm::Sha256);
        self.passport.sign_with(&object, &self.state.dsc.signer);
    }

    /// EF.SOD over the default's files with one replaced.
    fn sod_over(&self, id: FileId, file: &[u8]) -> Vec<u8> {
        let mut specimen = self.passport.clone();
        specimen.files.insert(id, file.to_vec());
        let object = specimen.security_object(&self.state, 0, HashAlgorithm::Sha256);
        object.sign(&self.state.dsc.signer)
    }
}

/// Germany with these two signers.
fn germany(csca: Signer, dsc: Signer) -> State {
    StateBuilder::new(at()).named("D", "DE").csca(csca).dsc(dsc).build()
}

/// A valid case of the plan.
fn draft(base: &Base, id: &'static str, reference: &'static str, description: &'static str) -> Draft {
    let mut case = Draft::whole(id, description, &base.passport).flags(&["bsi"]).reference(reference);
    case.at = at();
    case.policy = Policy { inspection: Some("bsi-tr-03105".into()), ..Policy::default() };
    case
}

/// The Chip Authentication of CFG.DFLT.EAC.
fn chip_authentication() -> ChipAuthentication {
    ChipAuthentication {
        curve: Curve::BrainpoolP256r1,
        cipher: Some(SessionCipher::TripleDes),
        explicit: true,
        key_id: None,
    }
}

/// A file whose outermost length says `by` more than it has.
fn with_length(file: &[u8], by: i8) -> Vec<u8> {
    let mut out = file.to_vec();
    let last = if file[1] < 0x80 { 1 } else { 1 + usize::from(file[1] & 0x7F) };
    out[last] = out[last].checked_add_signed(by).expect("a length that does not carry");
    out
}

/// The cases that passive authentication judges.
pub(super) fn passive_authentication() -> Vec<Draft> {
    let base = Base::new();
    let mut cases =
        vec![draft(&base, DEFAULT, "BSI TR-03105-5.1 CFG.DFLT.BAC", "The default document of the plan")];
    cases.extend(com::cases(&base));
    cases.extend(dg1::cases(&base));
    cases.extend(dg2::cases(&base));
    cases.extend(dg14::cases());
    cases.extend(dg15::cases());
    cases.extend(card_security::cases());
    cases.extend(algorithms::cases(&base));
    cases.extend(sod::cases(&base));
    cases.extend(signer_info::cases(&base));
    cases.extend(certificate::cases(&base));
    cases
}
