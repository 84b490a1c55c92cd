//! Where data groups that can be read leave the standard. The State signed them so, and nothing hangs on these fields:
//! policy says whether it is told or refused.

use lds::dg2::Dg2Finding;
use lds::security_info::SecurityInfo;
use lds::tlv::Oid;
use lds::{Dg1, Dg14};

use crate::{Rejection, Report, SecurityObject};

/// First letters of the document codes of travel documents: passports, visas, and what has an MRZ of the other sizes
/// (Doc 9303-4 4.2.2.1, 9303-5 4.2.2.1, 9303-7 4.2.2.1).
const DOCUMENT_CODES: [char; 5] = ['A', 'C', 'I', 'P', 'V'];
/// id-PK and id-CA: keys and protocols of Chip Authentication (Doc 9303-11 9.2.5, 9.2.6).
const CHIP_AUTHENTICATION: [Oid; 2] = [Oid::new("0.4.0.127.0.7.2.2.1"), Oid::new("0.4.0.127.0.7.2.2.3")];
/// Versions of ChipAuthenticationInfo: those of Doc 9303 and of TR-03110.
const CHIP_AUTHENTICATION_VERSIONS: std::ops::RangeInclusive<u64> = 1..=3;

/// One departure.
struct Departure {
    group: u8,
    code: &'static str,
    /// [`crate::Policy::data_group_profile`] may refuse a document for it.
    gates: bool,
}

impl SecurityObject {
    /// DG1, DG2 and DG14 are written as the standard says.
    pub(crate) fn check_data_group_profile(
        &self,
        dg1: &Dg1,
        dg2: &[Dg2Finding],
        dg14: Option<&Dg14>,
        report: &mut Report,
    ) -> Result<(), Rejection> {
        let id = "pa.data-group-profile";
        let mut departures = Vec::new();
        departures.extend(in_dg1(dg1));
        departures.extend(dg2.iter().map(|finding| in_dg2(*finding)));
        departures.extend(dg14.into_iter().flat_map(in_dg14));
        if departures.is_empty() {
            report.passed(id, "the data groups are written as the standard says");
            return Ok(());
        }
        let names: Vec<String> = departures.iter().map(|d| format!("DG{} {}", d.group, d.code)).collect();
        let detail = format!("not as the standard says: {}", names.join(", "));
        match departures.iter().find(|departure| departure.gates) {
            Some(first) => {
                let rejection = Rejection::DataGroupProfile(first.group, first.code);
                report.difference(id, self.policy.data_group_profile, rejection, detail)
            }
            None => {
                report.deviation(id, detail);
                Ok(())
            }
        }
    }
}

fn in_dg1(dg1: &Dg1) -> Option<Departure> {
    let known = dg1.mrz.document_code.starts_with(DOCUMENT_CODES);
    (!known).then_some(Departure { group: 1, code: "document-code", gates: true })
}

/// The fields that tell a reader how to read the portrait refuse; those about the person's looks, and the size that
/// the BSI's own reference data set has wrong, are told.
fn in_dg2(finding: Dg2Finding) -> Departure {
    let gates = matches!(
        finding,
        Dg2Finding::FormatOwner
            | Dg2Finding::FormatOwnerMissing
            | Dg2Finding::FormatType
            | Dg2Finding::FormatTypeMissing
            | Dg2Finding::ImageDataType
    );
    Departure { group: 2, code: finding.name(), gates }
}

fn in_dg14(dg14: &Dg14) -> Vec<Departure> {
    let unknown = |info: &SecurityInfo| {
        matches!(info, SecurityInfo::Unknown { oid, .. }
            if CHIP_AUTHENTICATION.iter().any(|parent| oid.below(parent).is_some()))
    };
    let versions = dg14.chip_authentication.iter().map(|offer| offer.version);
    let other_version = versions.into_iter().any(|version| !CHIP_AUTHENTICATION_VERSIONS.contains(&version));
    let found =
        [(dg14.security_infos.iter().any(unknown), "ca-oid"), (other_version, "ca-version")].into_iter();
    found.filter(|(holds, _)| *holds).map(|(_, code)| Departure { group: 14, code, gates: true }).collect()
}
