use std::collections::BTreeMap;
use std::fmt;

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm, SessionCipher};
use lds::dg11::FullDate;
use lds::mrz::{Format, MrzDate, MrzFields, Sex};
use lds::security_info::{
    ActiveAuthenticationInfo, ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, PaceInfo, SecurityInfo,
};
use lds::tlv::Oid;
use lds::{CardAccess, Com, Dg1, Dg11, Dg12, Dg14, Dg15, FileId, Mrz};

use crate::certificate::key_identifier;
use crate::keys::{RsaKey, ec_key};
use crate::security_object::SignerName;
use crate::{
    ActiveAuthentication, ChipAuthentication, ChipKey, PrivateKey, Signer, Specimen, State, portrait,
};

/// Makes a [`Specimen`].
#[derive(Clone)]
pub struct SpecimenBuilder {
    fields: MrzFields,
    full_date_of_birth: FullDate,
    date_of_issue: FullDate,
    place_of_birth: Vec<String>,
    with_dg11: bool,
    with_dg12: bool,
    chip_authentication: Option<ChipAuthentication>,
    active_authentication: Option<ActiveAuthentication>,
    pace: Option<(SessionCipher, Curve)>,
    sod_version: u8,
    hash: HashAlgorithm,
    signer_by_key_identifier: bool,
    signing_time: Option<UnixTime>,
    portrait_tint: u8,
    portrait: Option<Vec<u8>>,
}

impl fmt::Debug for SpecimenBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpecimenBuilder(..)")
    }
}

impl SpecimenBuilder {
    /// The passport of Anna Maria Eriksson of Utopia, born on 12 August 1974, as at the time `at`: issued a year
    /// before and valid for nine years more. Chip Authentication with AES-128 and PACE on brainpoolP256r1, DG11 and
    /// DG12, LDS security object version 1, no Active Authentication.
    #[must_use]
    pub fn new(at: UnixTime) -> Self {
        let (year, month, _) = at.date();
        let year = u16::try_from(year).unwrap_or(2000);
        let date_of_birth = FullDate { year: 1974, month: 8, day: 12 };
        let date_of_expiry = FullDate { year: year + 9, month, day: 14 };
        Self {
            fields: MrzFields {
                format: Format::Td3,
                document_code: "P".into(),
                issuing_state: String::new(),
                nationality: "UTO".into(),
                surname: "ERIKSSON".into(),
                given_names: "ANNA MARIA".into(),
                document_number: "L898902C3".into(),
                date_of_birth: mrz_date(date_of_birth),
                sex: Sex::Female,
                date_of_expiry: mrz_date(date_of_expiry),
                optional_data: String::new(),
            },
            full_date_of_birth: date_of_birth,
            date_of_issue: FullDate { year: year - 1, month, day: 15 },
            place_of_birth: vec!["ZENITH".into(), "UTO".into()],
            with_dg11: true,
            with_dg12: true,
            chip_authentication: Some(ChipAuthentication {
                curve: Curve::BrainpoolP256r1,
                cipher: Some(SessionCipher::Aes128),
                explicit: false,
                key_id: None,
            }),
            active_authentication: None,
            pace: Some((SessionCipher::Aes128, Curve::BrainpoolP256r1)),
            sod_version: 1,
            hash: HashAlgorithm::Sha256,
            signer_by_key_identifier: false,
            signing_time: None,
            portrait_tint: 90,
            portrait: None,
        }
    }

    /// Surname and given names, in `A`-`Z`, spaces, hyphens and apostrophes.
    #[must_use]
    pub fn names(mut self, surname: &str, given_names: &str) -> Self {
        self.fields.surname = surname.into();
        self.fields.given_names = given_names.into();
        self
    }

    /// The date of birth, in DG1 and DG11. Month and day may be 0 for unknown.
    #[must_use]
    pub fn birth_date(mut self, year: u16, month: u8, day: u8) -> Self {
        self.full_date_of_birth = FullDate { year, month, day };
        self.fields.date_of_birth = mrz_date(self.full_date_of_birth);
        self
    }

    /// The date of expiry, between 2000 and 2099.
    #[must_use]
    pub fn expiry_date(mut self, year: u16, month: u8, day: u8) -> Self {
        self.fields.date_of_expiry = mrz_date(FullDate { year, month, day });
        self
    }

    /// The sex.
    #[must_use]
    pub fn sex(mut self, sex: Sex) -> Self {
        self.fields.sex = sex;
        self
    }

    /// The document number.
    #[must_use]
    pub fn document_number(mut self, number: &str) -> Self {
        self.fields.document_number = number.into();
        self
    }

    /// The nationality.
    #[must_use]
    pub fn nationality(mut self, code: &str) -> Self {
        self.fields.nationality = code.into();
        self
    }

    /// The issuing State in the MRZ; the signing State's by default.
    #[must_use]
    pub fn issuing_state(mut self, code: &str) -> Self {
        self.fields.issuing_state = code.into();
        self
    }

    /// Size of the MRZ and document code: `(Format::Td1, "IR")` is a residence permit.
    #[must_use]
    pub fn document(mut self, format: Format, code: &str) -> Self {
        self.fields.format = format;
        self.fields.document_code = code.into();
        self
    }

    /// The place of birth in DG11.
    #[must_use]
    pub fn place_of_birth(mut self, place: &[&str]) -> Self {
        self.place_of_birth = place.iter().map(|p| (*p).to_owned()).collect();
        self
    }

    /// No DG11 and no DG12, as on many documents.
    #[must_use]
    pub fn without_details(mut self) -> Self {
        self.with_dg11 = false;
        self.with_dg12 = false;
        self
    }

    /// The Chip Authentication; `None` for none.
    #[must_use]
    pub fn chip_authentication(mut self, offer: Option<ChipAuthentication>) -> Self {
        self.chip_authentication = offer;
        self
    }

    /// The Active Authentication; `None` for none.
    #[must_use]
    pub fn active_authentication(mut self, offer: Option<ActiveAuthentication>) -> Self {
        self.active_authentication = offer;
        self
    }

    /// PACE with generic mapping and ECDH; `None`: only BAC.
    #[must_use]
    pub fn pace(mut self, offer: Option<(SessionCipher, Curve)>) -> Self {
        self.pace = offer;
        self
    }

    /// The chip of a French passport of 2017: PACE with AES-256 on P-256, a Chip Authentication key on P-256 with
    /// explicit parameters and no ChipAuthenticationInfo, no Active Authentication.
    #[must_use]
    pub fn french_chip_of_2017(self) -> Self {
        let key = ChipAuthentication { curve: Curve::P256, cipher: None, explicit: true, key_id: None };
        self.chip_authentication(Some(key))
            .active_authentication(None)
            .pace(Some((SessionCipher::Aes256, Curve::P256)))
    }

    /// Version of the LDS security object, 0 or 1, and the hash of data groups.
    #[must_use]
    pub fn security_object(mut self, version: u8, hash: HashAlgorithm) -> Self {
        self.sod_version = version;
        self.hash = hash;
        self
    }

    /// EF.SOD names its signer by the subject key identifier.
    #[must_use]
    pub fn signer_by_key_identifier(mut self) -> Self {
        self.signer_by_key_identifier = true;
        self
    }

    /// EF.SOD has the attribute signingTime.
    #[must_use]
    pub fn signing_time(mut self, at: UnixTime) -> Self {
        self.signing_time = Some(at);
        self
    }

    /// Tells the drawn faces apart.
    #[must_use]
    pub fn portrait_tint(mut self, tint: u8) -> Self {
        self.portrait_tint = tint;
        self
    }

    /// The portrait in place of the drawn one: an image file, JPEG or JPEG 2000.
    #[must_use]
    pub fn portrait(mut self, image: &[u8]) -> Self {
        self.portrait = Some(image.to_vec());
        self
    }

    /// Makes the files, signed by the State's document signer.
    ///
    /// # Panics
    /// If the MRZ cannot hold what was asked for.
    #[must_use]
    pub fn build(self, state: &State) -> Specimen {
        let mut fields = self.fields.clone();
        if fields.issuing_state.is_empty() {
            fields.issuing_state.clone_from(&state.code);
        }
        let mrz = fields.compose().expect("an MRZ that holds what was asked for");
        let ca_key = self.chip_authentication.map(|offer| chip_key(offer, &mrz));
        let aa_key = self.active_authentication.map(|offer| active_authentication_key(offer, &mrz));
        let mut specimen = Specimen {
            files: self.files(&mrz, ca_key.as_ref(), aa_key.as_ref()),
            ca_keys: ca_key.into_iter().collect(),
            aa_key,
            pace: self.pace,
            mrz,
            csca_der: state.csca.certificate.clone(),
            dsc_der: state.dsc.certificate.clone(),
        };
        let mut security_object = specimen.security_object(state, self.sod_version, self.hash);
        security_object.signing_time = self.signing_time;
        if self.signer_by_key_identifier {
            let identifier = key_identifier(&state.dsc.template.spki_der);
            security_object.signer_name = SignerName::SubjectKeyIdentifier(identifier);
        }
        specimen.sign_with(&security_object, &state.dsc.signer);
        specimen
    }

    /// All files but EF.SOD.
    fn files(&self, mrz: &Mrz, ca: Option<&ChipKey>, aa: Option<&Signer>) -> BTreeMap<FileId, Vec<u8>> {
        let mut files = BTreeMap::new();
        files.insert(FileId::Dg(1), Dg1 { mrz: mrz.clone() }.encode());
        let dg2 = match &self.portrait {
            Some(image) => portrait::dg2_of(image).expect("an image that a chip can have"),
            None => portrait::dg2(self.portrait_tint),
        };
        files.insert(FileId::Dg(2), dg2.encode());
        if self.with_dg11 {
            files.insert(FileId::Dg(11), self.dg11(mrz).encode());
        }
        if self.with_dg12 {
            files.insert(FileId::Dg(12), self.dg12(mrz).encode());
        }
        let infos = self.security_infos(ca, aa);
        if !infos.is_empty() {
            files.insert(FileId::Dg(14), Dg14::new(infos).encode());
        }
        if let Some(signer) = aa {
            files.insert(FileId::Dg(15), Dg15 { spki_der: signer.key.spki_der() }.encode());
        }
        let com = Com {
            lds_version: if self.sod_version == 1 { "0108" } else { "0107" }.into(),
            unicode_version: "040000".into(),
            data_groups: files.keys().filter_map(|id| id.data_group()).collect(),
        };
        files.insert(FileId::Com, com.encode());
        if let Some(pace) = self.pace_info() {
            files.insert(FileId::CardAccess, CardAccess { security_infos: vec![pace] }.encode());
        }
        files
    }

    fn dg11(&self, mrz: &Mrz) -> Dg11 {
        let joined = |name: &str| name.replace(' ', "<");
        Dg11 {
            full_name: Some(format!("{}<<{}", joined(&self.fields.surname), joined(&mrz.given_names))),
            full_date_of_birth: Some(self.full_date_of_birth),
            place_of_birth: self.place_of_birth.clone(),
            ..Dg11::default()
        }
    }

    fn dg12(&self, mrz: &Mrz) -> Dg12 {
        Dg12 {
            issuing_authority: Some(format!("PASSPORT OFFICE OF {}", mrz.issuing_state)),
            date_of_issue: Some(self.date_of_issue),
            ..Dg12::default()
        }
    }

    fn pace_info(&self) -> Option<SecurityInfo> {
        let (cipher, curve) = self.pace?;
        Some(SecurityInfo::Pace(PaceInfo::ecdh_generic(cipher, curve.parameter_id())))
    }

    /// The SecurityInfos of DG14.
    fn security_infos(&self, ca: Option<&ChipKey>, aa: Option<&Signer>) -> Vec<SecurityInfo> {
        let mut infos: Vec<SecurityInfo> = self.pace_info().into_iter().collect();
        if let (Some(offer), Some(key)) = (self.chip_authentication, ca) {
            let spki = PrivateKey::Ec { key: key.key.clone(), explicit: offer.explicit }.spki_der();
            let public_key = ChipAuthenticationPublicKeyInfo::ecdh(spki, offer.key_id);
            infos.push(SecurityInfo::ChipAuthenticationPublicKey(public_key));
            if let Some(cipher) = offer.cipher {
                let offer = ChipAuthenticationInfo::ecdh(cipher, offer.key_id);
                infos.push(SecurityInfo::ChipAuthentication(offer));
            }
        }
        if let Some(Signer { key: PrivateKey::Ec { .. }, .. }) = aa {
            // ecdsa-plain-SHA256 of TR-03111.
            let info = ActiveAuthenticationInfo {
                version: 1,
                signature_algorithm_oid: Oid::new("0.4.0.127.0.7.1.1.4.1.3"),
            };
            infos.push(SecurityInfo::ActiveAuthentication(info));
        }
        infos
    }
}

/// Every document has its own keys.
fn chip_key(offer: ChipAuthentication, mrz: &Mrz) -> ChipKey {
    let name = format!("CA {} {}", mrz.issuing_state, mrz.document_number);
    ChipKey {
        key_id: offer.key_id,
        cipher: offer.cipher.unwrap_or(SessionCipher::TripleDes),
        key: ec_key(offer.curve, &name),
    }
}

fn active_authentication_key(offer: ActiveAuthentication, mrz: &Mrz) -> Signer {
    match offer {
        ActiveAuthentication::Rsa1024 => {
            Signer::new(PrivateKey::rsa(RsaKey::ActiveAuthentication1024), HashAlgorithm::Sha1)
        }
        ActiveAuthentication::Rsa2048 => {
            Signer::new(PrivateKey::rsa(RsaKey::ActiveAuthentication2048), HashAlgorithm::Sha256)
        }
        ActiveAuthentication::Ec(curve) => {
            let name = format!("AA {} {}", mrz.issuing_state, mrz.document_number);
            Signer::new(PrivateKey::ec(curve, &name), HashAlgorithm::Sha256)
        }
    }
}

/// Unknown parts (0) become fillers.
fn mrz_date(date: FullDate) -> MrzDate {
    let part = |n: u8| if n == 0 { "<<".to_owned() } else { format!("{n:02}") };
    let text = format!("{:02}{}{}", date.year % 100, part(date.month), part(date.day));
    MrzDate::parse(&text).expect("a date of the calendar")
}
