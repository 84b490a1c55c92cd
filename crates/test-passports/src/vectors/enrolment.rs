//! Whole documents under a policy, as an enrolment sees them: data, chip proof where it is due, age, kind of document.

use crypto::{Curve, HashAlgorithm};
use lds::mrz::Format;
use lds::{Dg11, FileId};

use super::draft::{Draft, at, utopia};
use super::manifest::{Importance, Policy};
use crate::{ActiveAuthentication, Specimen, SpecimenBuilder};

const POLICY: &str = "docs/protocols.md section 4";

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = policies();
    cases.extend(mixed_documents());
    cases.extend(dates_of_birth());
    cases
}

fn strict() -> Policy {
    Policy {
        minimum_age: Some(18),
        accepted_document_codes: Some(vec!["P*".into(), "AR".into(), "IR".into()]),
        chip_proof_required: true,
        ..Policy::default()
    }
}

fn under_policy(id: &'static str, description: &'static str, specimen: &Specimen) -> Draft {
    let mut draft = Draft::new(id, description, specimen).reference(POLICY);
    draft.policy = strict();
    draft
}

fn policies() -> Vec<Draft> {
    let state = utopia();
    let new = || SpecimenBuilder::new(at());
    vec![
        under_policy(
            "enrolment::adult",
            "An adult's passport with Chip Authentication",
            &new().build(&state),
        ),
        under_policy(
            "enrolment::eighteenth-birthday",
            "The holder becomes 18 on this very day",
            &new().birth_date(2008, 6, 1).build(&state),
        ),
        under_policy(
            "enrolment::minor",
            "The holder becomes 18 on the next day",
            &new().birth_date(2008, 6, 2).build(&state),
        )
        .refused("enrolment.minor", "enrolment::eighteenth-birthday")
        .importance(Importance::High),
        under_policy(
            "enrolment::residence-permit",
            "A residence permit",
            &new().document(Format::Td1, "IR").build(&state),
        ),
        under_policy(
            "enrolment::crew-certificate",
            "A crew member certificate, which the policy does not name",
            &new().document(Format::Td1, "AC").build(&state),
        )
        .refused("enrolment.document-type", "enrolment::residence-permit"),
        under_policy(
            "enrolment::no-chip-protocol",
            "The document offers neither Active nor Chip Authentication, and the policy demands one",
            &new().chip_authentication(None).build(&state),
        )
        .refused("chip.not-offered", "enrolment::adult")
        .importance(Importance::High),
        {
            let specimen = new().chip_authentication(None).build(&state);
            let mut draft = under_policy(
                "enrolment::no-chip-protocol-allowed",
                "The same under a policy that does not demand one",
                &specimen,
            );
            draft.policy.chip_proof_required = false;
            draft
        },
    ]
}

fn mixed_documents() -> Vec<Draft> {
    let state = utopia();
    let offer = Some(ActiveAuthentication::Ec(Curve::P256));
    let mine = SpecimenBuilder::new(at()).active_authentication(offer).build(&state);
    let yours = SpecimenBuilder::new(at())
        .active_authentication(offer)
        .names("STEVENSON", "PETER")
        .birth_date(1980, 1, 31)
        .document_number("D23145890")
        .portrait_tint(200)
        .build(&state);
    let base = under_policy("enrolment::both-protocols", "Active and Chip Authentication", &mine);
    let mixed = |id, description, code, file| {
        base.negative(id, description, code).file(file, yours.file(file)).importance(Importance::Critical)
    };
    vec![
        base.clone(),
        mixed(
            "enrolment::portrait-of-another",
            "DG2 is another holder's",
            "pa.hash-mismatch(DG2)",
            FileId::Dg(2),
        ),
        mixed(
            "enrolment::name-of-another",
            "DG1 is another holder's",
            "pa.hash-mismatch(DG1)",
            FileId::Dg(1),
        ),
        mixed(
            "enrolment::sod-of-another",
            "EF.SOD is another document's",
            "pa.hash-mismatch(DG1)",
            FileId::Sod,
        ),
        mixed(
            "enrolment::aa-key-of-another",
            "DG15 is another document's",
            "pa.hash-mismatch(DG15)",
            FileId::Dg(15),
        ),
        base.negative("enrolment::dg14-withheld", "DG14 is not sent", "pa.data-group-missing(DG14)")
            .without(FileId::Dg(14))
            .importance(Importance::Critical),
        base.negative("enrolment::dg15-withheld", "DG15 is not sent", "pa.data-group-missing(DG15)")
            .without(FileId::Dg(15))
            .importance(Importance::Critical),
    ]
}

fn dates_of_birth() -> Vec<Draft> {
    let state = utopia();
    let new = || SpecimenBuilder::new(at());
    let pivot = "design: requirements 5.2";
    let mut disagreeing = new().build(&state);
    let mut dg11 = Dg11::parse(disagreeing.file(FileId::Dg(11))).expect("our own file");
    dg11.full_date_of_birth = lds::dg11::FullDate::parse(b"19740813");
    disagreeing.files.insert(FileId::Dg(11), dg11.encode());
    let security_object = disagreeing.security_object(&state, 1, HashAlgorithm::Sha256);
    disagreeing.sign_with(&security_object, &state.dsc.signer);
    vec![
        under_policy(
            "enrolment::century-from-dg11",
            "Born in 1926 and read in 2026: DG11 tells the century",
            &new().birth_date(1926, 5, 1).build(&state),
        )
        .reference(pivot),
        under_policy(
            "enrolment::century-unknown",
            "The same without DG11: two centuries fit",
            &new().birth_date(1926, 5, 1).without_details().build(&state),
        )
        .refused("identity.century", "enrolment::century-from-dg11")
        .reference(pivot),
        under_policy(
            "enrolment::birth-day-unknown",
            "The day of birth is unknown",
            &new().birth_date(1974, 8, 0).build(&state),
        )
        .reference(pivot),
        under_policy(
            "enrolment::birth-dates-disagree",
            "DG11 has another day of birth than DG1, both under the State's signature",
            &disagreeing,
        )
        .refused("identity.disagreement", "enrolment::adult")
        .reference(pivot),
    ]
}
