//! LDS_J, and LDS_H_93: EF.CardSecurity, on a chip with the Chip Authentication Mapping of PACE.

use crypto::{Curve, HashAlgorithm, SessionCipher};
use lds::card_security::OID_SECURITY_OBJECT;
use lds::security_info::{
    ChipAuthenticationPublicKeyInfo, PaceInfo, PaceMapping, SecurityInfo, TerminalAuthenticationInfo,
    encode_set,
};
use lds::tlv::Oid;
use lds::{CardAccess, Dg14, FileId};

use super::dg14::raw;
use super::{Base, chip_authentication, draft};
use crate::ChipAuthentication;
use crate::asn1;
use crate::security_object::SodPart;
use crate::vectors::draft::{Draft, flipped};

/// The default with PACE and its Chip Authentication Mapping.
const PACE: &str = "pa::bsi-default-pace";
const CURVE: Curve = Curve::BrainpoolP256r1;
const STANDARDIZED_DOMAIN_PARAMETERS: &str = "0.4.0.127.0.7.1.2";

fn pace_info(curve: Curve) -> PaceInfo {
    PaceInfo::ecdh_generic(SessionCipher::Aes128, curve.parameter_id())
}

/// id-PACE-ECDH-CAM-AES-CBC-CMAC-128.
pub(in crate::vectors) fn chip_authentication_mapping(curve: Curve) -> SecurityInfo {
    SecurityInfo::Pace(PaceInfo {
        oid: Oid::new("0.4.0.127.0.7.2.2.4.6.2"),
        mapping: PaceMapping::ChipAuthentication,
        ..pace_info(curve)
    })
}

/// The SubjectPublicKeyInfo of the mapping's key, as EF.CardSecurity has it (Doc 9303-11 9.2.11).
fn public_key(base: &Base) -> Vec<u8> {
    let key = base.passport.ca_keys.first().expect("a key of Chip Authentication");
    spki(&key.key)
}

/// The key with its curve by number.
pub(in crate::vectors) fn spki(key: &crypto::EcPrivateKey) -> Vec<u8> {
    let parameters = asn1::integer(key.curve().parameter_id().into());
    let algorithm = asn1::sequence(&[asn1::oid(STANDARDIZED_DOMAIN_PARAMETERS), parameters]);
    asn1::sequence(&[algorithm, asn1::bit_string(&key.public_key().to_sec1())])
}

impl Base {
    /// EF.CardSecurity with these SecurityInfos, signed as EF.SOD is.
    pub(in crate::vectors) fn card_security(&self, infos: &[SecurityInfo]) -> Vec<u8> {
        let mut object = self.passport.security_object(&self.state, 0, HashAlgorithm::Sha256);
        object.econtent_type = OID_SECURITY_OBJECT.into();
        object.content_type_attribute = Some(OID_SECURITY_OBJECT.into());
        object.with(SodPart::Content, &encode_set(infos)).content_info(&self.state.dsc.signer)
    }
}

/// EF.CardAccess and DG14 offer two ways of PACE, EF.CardSecurity both and the key of the mapping.
pub(in crate::vectors) fn pace(curve: Curve) -> (Base, Vec<SecurityInfo>) {
    let mut base = Base::with(|passport| {
        let offer = ChipAuthentication { curve, ..chip_authentication() };
        passport.chip_authentication(Some(offer)).pace(Some((SessionCipher::Aes128, curve)))
    });
    let offers = vec![SecurityInfo::Pace(pace_info(curve)), chip_authentication_mapping(curve)];
    let mut dg14 = Dg14::parse(base.passport.file(FileId::Dg(14))).expect("EF.DG14 of the default");
    dg14.security_infos.push(chip_authentication_mapping(curve));
    let mut infos = offers.clone();
    let key = ChipAuthenticationPublicKeyInfo::ecdh(public_key(&base), None);
    infos.push(SecurityInfo::ChipAuthenticationPublicKey(key));
    let card_access = CardAccess { security_infos: offers }.encode();
    let card_security = base.card_security(&infos);
    base.replace([
        (FileId::Dg(14), dg14.encode()),
        (FileId::CardAccess, card_access),
        (FileId::CardSecurity, card_security),
    ]);
    (base, infos)
}

pub(super) fn cases() -> Vec<Draft> {
    let (base, infos) = pace(CURVE);
    let case = |id, reference, description, file: &[u8]| {
        draft(&base, id, reference, description).file(FileId::CardSecurity, file)
    };
    let changed = |change: &dyn Fn(&mut Vec<SecurityInfo>)| {
        let mut infos = infos.clone();
        change(&mut infos);
        base.card_security(&infos)
    };
    let terminal = TerminalAuthenticationInfo { version: 1, ef_cvca_der: None };
    let more = changed(&|infos| infos.push(SecurityInfo::TerminalAuthentication(terminal.clone())));
    let less = changed(&|infos| infos.retain(|info| *info != chip_authentication_mapping(CURVE)));
    let other = changed(&|infos| infos[0] = SecurityInfo::Pace(pace_info(Curve::P256)));
    let without_oid = changed(&|infos| {
        infos.pop();
        infos.push(raw(&[public_key(&base)]));
    });
    let file = base.passport.file(FileId::CardSecurity);
    vec![
        draft(
            &base,
            PACE,
            "BSI TR-03105-5.1 CFG.DFLT.PACE",
            "The default document with PACE and its mapping",
        ),
        case(
            "pa::bsi-lds-h-93",
            "BSI TR-03105-5.1 LDS_H_93",
            "The last byte of the signature of EF.CardSecurity is changed",
            &flipped(file, file.len() - 1),
        )
        .refused("pa.card-security-signature", PACE),
        case(
            "pa::bsi-lds-j-01",
            "BSI TR-03105-5.1 LDS_J_01",
            "EF.CardSecurity also offers Terminal Authentication",
            &more,
        ),
        case(
            "pa::bsi-lds-j-02",
            "BSI TR-03105-5.1 LDS_J_02",
            "EF.CardSecurity offers one way of PACE less than EF.CardAccess",
            &less,
        )
        .refused("lds.card-access-mismatch", PACE),
        case(
            "pa::bsi-lds-j-03",
            "BSI TR-03105-5.1 LDS_J_03",
            "EF.CardSecurity offers PACE with other domain parameters than EF.CardAccess",
            &other,
        )
        .refused("lds.card-access-downgrade", PACE),
        case(
            "pa::bsi-lds-j-04",
            "BSI TR-03105-5.1 LDS_J_04",
            "The key of the mapping in EF.CardSecurity has no OID",
            &without_oid,
        )
        .refused("lds.missing(EF.CardSecurity: protocol of a SecurityInfo)", PACE),
    ]
}
