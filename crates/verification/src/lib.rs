//! From bytes that anybody can make up to a person whom a State's document describes.
//!
//! Each check consumes the weaker value and returns the stronger one, together with a [`Report`] of what it looked at:
//!
//! ```text
//! ChipData            bytes as received: proves nothing
//!   TrustStore::authenticate_sod
//! SecurityObject      EF.SOD, signed by a document signer under a trusted CSCA
//!   SecurityObject::authenticate_document
//! AuthenticDocument   DG1, DG2, DG14, DG15 under their hashes
//!   AuthenticDocument::prove_chip
//! GenuineDocument     and the chip holds the private key that the State put into it
//!   GenuineDocument::match_holder
//! VerifiedHolder      and the person present is the person of the portrait
//! ```
//!
//! [`judge()`] runs the chain over raw evidence; the server (live, and again when it seals), `sceau verify` and
//! `sceau replay` share it. The constructors of the stronger types are private to their checks, so what is forbidden
//! does not compile. A holder cannot be matched with bytes:
//! ```compile_fail,E0599
//! # use verification::{ChipData, HolderEvidence};
//! fn enrol(data: ChipData, evidence: HolderEvidence, policy: &face::FacePolicy) {
//!     data.match_holder(evidence, policy);
//! }
//! ```
//! nor with a document whose chip is not proved:
//! ```compile_fail,E0599
//! # use verification::{AuthenticDocument, HolderEvidence};
//! fn enrol(document: AuthenticDocument, evidence: HolderEvidence, policy: &face::FacePolicy) {
//!     document.match_holder(evidence, policy);
//! }
//! ```
//! A genuine document is not made by hand:
//! ```compile_fail,E0451
//! # use verification::{AuthenticDocument, ChipAuthenticity, GenuineDocument};
//! fn forge(document: AuthenticDocument) -> GenuineDocument {
//!     GenuineDocument { document, chip: ChipAuthenticity::NotOffered }
//! }
//! ```
//! And a challenge is answered once, right or wrong:
//! ```compile_fail,E0382
//! # use verification::AwaitSignature;
//! fn guess(challenge: AwaitSignature, first: &[u8], second: &[u8]) {
//!     let _ = challenge.received(first);
//!     let _ = challenge.received(second);
//! }
//! ```

mod audit_lines;
mod card_security;
mod certificate;
mod chip;
mod consistency;
mod country;
mod country_table;
mod crl;
mod data_group;
mod data_group_profile;
mod document;
mod fields;
mod genuine_document;
mod holder;
mod judge;
mod known_faults;
mod known_signers;
mod master_file;
mod master_list;
mod name;
mod pace_cam;
mod passive_authentication;
mod path;
mod policy;
mod profile;
mod rejection;
mod report;
mod revocation;
mod security_object;
mod signed_data;
mod signed_list;
mod sod_profile;
mod strength;
mod tr03135;
mod trust_audit;
mod trust_base;
mod trust_folder;
mod trust_input;
mod trust_lists;
mod trust_report;
mod trust_store;

pub use audit_lines::{
    CertificateAudit, CrlAudit, FaultListAudit, ListKind, MasterListAudit, TrustAudit, Unreadable,
};
pub use chip::{AwaitChip, AwaitSignature, ChipProof, ChipProtocol};
pub use crl::{CrlError, check_crl};
pub use data_group::{Authentic, Content};
pub use document::{AuthenticDocument, ChipData};
pub use emrtd::chip_authentication::{ChipAuthenticationTask, KeyDirectory, TaskProtocol};
pub use genuine_document::{ChipAuthenticity, GenuineDocument};
pub use holder::{DeskComparison, HolderEvidence, VerifiedHolder};
pub use judge::{ActiveAuthenticationEvidence, ChipAuthenticationEvidence, EvidenceSet, judge, judge_data};
pub use master_file::AuthenticCardSecurity;
pub use master_list::{ListError, MasterList, Vouched};
pub use pace_cam::PaceCamEvidence;
pub use policy::{Consequence, Day, Policy, ValidityModel};
pub use profile::{Finding, Role};
pub use rejection::Rejection;
pub use report::{Check, CheckResult, Inspection, Lines, Report};
pub use security_object::SecurityObject;
pub use tr03135::{GuidelineCheck, GuidelineResult, guideline};
pub use trust_audit::TrustAuditor;
pub use trust_base::{Entry, Kind, ListImport, ListRecord, TrustBase};
pub use trust_folder::TrustFolder;
pub use trust_input::{Found, read_objects};
pub use trust_lists::KeptList;
pub use trust_report::{CountryRow, TrustReport};
pub use trust_store::{TrustError, TrustStore, read_files};
