//! LDS_F: EF.DG14.

use lds::security_info::SecurityInfo;
use lds::tlv::Oid;
use lds::{Dg14, FileId};

use super::{Base, chip_authentication, draft, with_length};
use crate::asn1;
use crate::vectors::draft::Draft;

/// The default with Chip Authentication.
const EAC: &str = "pa::bsi-default-eac";

/// id-PK and an arc that is neither DH nor ECDH.
const OTHER_PUBLIC_KEY: &str = "0.4.0.127.0.7.2.2.1.3";

/// A SecurityInfo of any parts: they are what is encoded.
pub(super) fn raw(parts: &[Vec<u8>]) -> SecurityInfo {
    SecurityInfo::Unknown { oid: Oid::new("0.0"), raw: asn1::sequence(parts) }
}

/// EF.DG14 with some SecurityInfos changed.
fn changed(file: &[u8], change: impl Fn(SecurityInfo) -> SecurityInfo) -> Vec<u8> {
    let dg14 = Dg14::parse(file).expect("EF.DG14 of the default");
    Dg14::new(dg14.security_infos.into_iter().map(change).collect()).encode()
}

pub(super) fn cases() -> Vec<Draft> {
    let base = Base::with(|passport| passport.chip_authentication(Some(chip_authentication())));
    let file = base.passport.file(FileId::Dg(14));
    let case = |id, reference, description, code, file: &[u8]| {
        let case = draft(&base, id, reference, description).file(FileId::Dg(14), file);
        case.file(FileId::Sod, &base.sod_over(FileId::Dg(14), file)).refused(code, EAC)
    };
    let key = |change: &dyn Fn(Vec<u8>) -> SecurityInfo| {
        changed(file, |info| match info {
            SecurityInfo::ChipAuthenticationPublicKey(key) => change(key.spki_der),
            other => other,
        })
    };
    let version_10 = changed(file, |info| match info {
        SecurityInfo::ChipAuthentication(mut offer) => {
            offer.version = 10;
            SecurityInfo::ChipAuthentication(offer)
        }
        other => other,
    });
    let without_version = changed(file, |info| match info {
        SecurityInfo::ChipAuthentication(offer) => raw(&[offer.oid.encode()]),
        other => other,
    });
    vec![
        draft(&base, EAC, "BSI TR-03105-5.1 CFG.DFLT.EAC", "The default document with Chip Authentication"),
        case(
            "pa::bsi-lds-f-01",
            "BSI TR-03105-5.1 LDS_F_01",
            "DG14 begins with tag 6F",
            "lds.unexpected-tag(EF.DG14)",
            &[&[0x6F], &file[1..]].concat(),
        ),
        case(
            "pa::bsi-lds-f-02",
            "BSI TR-03105-5.1 LDS_F_02",
            "The length of DG14 is one too small",
            "lds.trailing-bytes(EF.DG14)",
            &with_length(file, -1),
        ),
        case(
            "pa::bsi-lds-f-03",
            "BSI TR-03105-5.1 LDS_F_03",
            "The length of DG14 is one too big",
            "lds.truncated(EF.DG14)",
            &with_length(file, 1),
        ),
        case(
            "pa::bsi-lds-f-04",
            "BSI TR-03105-5.1 LDS_F_04",
            "The OID of the Chip Authentication key is neither DH nor ECDH",
            "lds.dg14.ca-oid",
            &key(&|spki| raw(&[asn1::oid(OTHER_PUBLIC_KEY), spki])),
        ),
        case(
            "pa::bsi-lds-f-05",
            "BSI TR-03105-5.1 LDS_F_05",
            "The Chip Authentication key has no OID",
            "lds.missing(EF.DG14: protocol of a SecurityInfo)",
            &key(&|spki| raw(&[spki])),
        ),
        case(
            "pa::bsi-lds-f-06",
            "BSI TR-03105-5.1 LDS_F_06",
            "ChipAuthenticationInfo is of version 10",
            "lds.dg14.ca-version",
            &version_10,
        ),
        case(
            "pa::bsi-lds-f-07",
            "BSI TR-03105-5.1 LDS_F_07",
            "ChipAuthenticationInfo has no version",
            "lds.missing(EF.DG14: version of ChipAuthenticationInfo)",
            &without_version,
        ),
    ]
}
