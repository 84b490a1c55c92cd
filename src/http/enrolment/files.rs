//! The files of the chip. Each is checked against EF.SOD before it is kept, so a document that is not trusted is refused
//! at its first file, and a wrong file at once.

use identity::{EvidenceKind, Step};
use lds::{Dg1, FileId};
use protocol::enrolment::FileReceipt;
use verification::{Inspection, SecurityObject};

use super::call::{Call, blocking};
use super::document::{Case, require_consents, step_missing};
use super::opening::LIFE;
use crate::ApiError;
use crate::http::signed::Answer;

/// The longest file, in bytes: EF.DG2 with a large portrait.
pub(super) const MAX_FILE: usize = 256 * 1024;

/// Keeps a file of the chip. EF.SOD comes first.
#[utoipa::path(put, path = "/v1/enrolments/{id}/chip/files/{name}", tag = "chip",
    params(("id" = String, Path), ("name" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = FileReceipt)))]
pub(super) async fn put(mut call: Call) -> Result<Answer, ApiError> {
    require_consents(&call)?;
    let file = wanted(call.path("name")).ok_or_else(|| ApiError::new("request.not-found"))?;
    let kind = EvidenceKind::File(file);
    let decided = call.enrolment.evidence.latest(EvidenceKind::HolderDecision).is_some();
    if decided && kind.is_face_data() {
        return Err(ApiError::new("enrolment.closed").detail("the portrait is erased"));
    }
    let receipt = FileReceipt {
        name: file.to_string(),
        sha256: crypto::sha256(&call.body).into(),
        size: call.body.len(),
    };
    match call.enrolment.evidence.content(kind) {
        Some(kept) if kept == call.body => {}
        // One enrolment is about one document.
        Some(_) => return Err(ApiError::new("nfc.different-document")),
        None => {
            let (case, body) = (Case::of(&call), call.body.to_vec());
            blocking(move || check(&case, file, body)).await?;
            // From the first file on the hour runs, also if the address was not verified yet.
            let hour = call.now.plus(LIFE);
            if call.enrolment.expires_at > hour {
                call.open_until(hour).await?;
            }
            call.keep_body(kind).await?;
        }
    }
    Answer::json(&receipt)
}

/// The files that are taken: never fingerprints and irises (DG3, DG4).
fn wanted(name: &str) -> Option<FileId> {
    let file = FileId::from_name(name).filter(|file| file.name() == name)?;
    let outside = matches!(file, FileId::Com | FileId::Sod | FileId::CardAccess | FileId::CardSecurity);
    (outside || matches!(file, FileId::Dg(1 | 2 | 11 | 12 | 14 | 15))).then_some(file)
}

fn check(case: &Case, file: FileId, body: Vec<u8>) -> Result<(), ApiError> {
    match file {
        FileId::Sod => {
            let policy = &case.state.config.verification;
            let judged: Inspection<SecurityObject> =
                case.state.trust.store().authenticate_sod(&body, policy, case.at);
            judged.outcome?;
        }
        FileId::Dg(1) => {
            let dg1 = case.security_object()?.read::<Dg1>(body)?;
            case.state.enrolment_policy.accepts_document(&dg1.content().mrz.document_code)?;
        }
        FileId::Dg(number) => drop(case.security_object()?.data_group(number, body)?),
        // Not under EF.SOD: kept, and EF.CardSecurity believed only as far as its own signature goes.
        _ if case.file(FileId::Sod).is_none() => return Err(step_missing(Step::Files)),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_and_irises_are_never_taken() {
        for name in ["EF.DG3", "EF.DG4", "EF.DG7", "EF.DG99", "DG1", "ef.dg1", ""] {
            assert_eq!(wanted(name), None, "{name}");
        }
        assert_eq!(wanted("EF.SOD"), Some(FileId::Sod));
        assert_eq!(wanted("EF.DG15"), Some(FileId::Dg(15)));
    }
}
