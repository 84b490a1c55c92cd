//! A whole document: its data under EF.SOD. Its chip comes after.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use lds::dg2::Dg2Finding;
use lds::{Dg1, Dg2, Dg11, Dg14, Dg15, FileId};

use crate::consistency::covers;
use crate::country::same_state;
use crate::report::CheckResult;
use crate::{Authentic, AuthenticCardSecurity, Content, Inspection, Rejection, Report, SecurityObject};

macro_rules! hash_lines {
    ($($number:literal)*) => {
        [$((concat!("pa.hash(DG", $number, ")"), concat!("DG", $number, " is the one that was signed"))),*]
    };
}

/// Files as received: they prove nothing.
#[derive(Clone, Default)]
pub struct ChipData {
    files: BTreeMap<FileId, Bytes>,
    erased_dg2: Option<[u8; 32]>,
    pub(crate) optical_mrz: Option<String>,
}

impl fmt::Debug for ChipData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChipData({:?}, ..)", self.files.keys())
    }
}

impl ChipData {
    /// Files by name. Fingerprints and irises (DG3, DG4) are dropped.
    #[must_use]
    pub fn new(mut files: BTreeMap<FileId, Vec<u8>>) -> Self {
        files.retain(|file, _| !matches!(file, FileId::Dg(3 | 4)));
        Self::whole(files)
    }

    /// Files by name, fingerprints and irises too, whose hashes are compared as those of any data group: for whoever
    /// judges a folder of files. A server has no use for them.
    #[must_use]
    pub fn whole(files: BTreeMap<FileId, Vec<u8>>) -> Self {
        let files = files.into_iter().map(|(file, bytes)| (file, Bytes::from(bytes))).collect();
        Self { files, erased_dg2: None, optical_mrz: None }
    }

    /// Files without EF.DG2, which was erased after our own signed decision on the holder; its SHA-256 stands in that
    /// decision. If EF.SOD hashes with SHA-256 it is compared again, else the decision must do.
    #[must_use]
    pub fn with_erased_dg2(mut self, dg2_sha256: [u8; 32]) -> Self {
        self.files.remove(&FileId::Dg(2));
        self.erased_dg2 = Some(dg2_sha256);
        self
    }

    /// With the MRZ as it was read from the page, to be compared with DG1.
    #[must_use]
    pub fn with_optical_mrz(mut self, text: &str) -> Self {
        self.optical_mrz = Some(text.to_owned());
        self
    }

    /// A file.
    #[must_use]
    pub fn file(&self, file: FileId) -> Option<&[u8]> {
        self.files.get(&file).map(|bytes| &bytes[..])
    }
}

/// EF.SOD with DG1, DG2 and every DG14 and DG15 that it lists, each under its hash: the State signed these data. They
/// may lie on any chip. Only [`SecurityObject::authenticate_document`] makes one.
#[derive(Clone)]
pub struct AuthenticDocument {
    pub(crate) security_object: SecurityObject,
    dg1: Authentic<Dg1>,
    /// `None` once erased.
    dg2: Option<Authentic<Dg2>>,
    dg11: Option<Authentic<Dg11>>,
    dg14: Option<Authentic<Dg14>>,
    dg15: Option<Authentic<Dg15>>,
    pub(crate) card_security: Option<AuthenticCardSecurity>,
}

impl fmt::Debug for AuthenticDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthenticDocument({:?})", self.security_object)
    }
}

/// The lines of a report on the hashes of the data groups, 1 to 16.
const HASH_LINES: [(&str, &str); 16] = hash_lines!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);

impl SecurityObject {
    /// Compares every data group received with its hash, sees that those are there that must be, and that the document
    /// is one that its signer may sign. It goes on with the steps of passive authentication:
    ///
    /// 12. Every data group received stands in EF.SOD under its hash. DG1, DG2, and DG14 and DG15 if EF.SOD lists them,
    ///     were received: a chip that hides them would escape its proof.
    /// 13. EF.COM announces what EF.SOD lists. It is not signed: policy says what follows if not.
    /// 14. The data groups can be read; policy says what follows if they are not written as the standard says.
    ///     EF.CardAccess offers PACE as DG14 and EF.CardSecurity do, which the State signed, and the MRZ on the page, if
    ///     it was read, is that of DG1.
    /// 15. The document is of its signer's State.
    /// 16. Its type is one that the signer may sign, if the certificate lists types.
    /// 17. It has not expired.
    /// 18. Policy accepts documents of its State and type.
    /// 19. What deviation lists and defect lists know of it is told.
    pub fn authenticate_document(mut self, data: &ChipData) -> Inspection<AuthenticDocument> {
        let mut report = std::mem::take(&mut self.report);
        let outcome = self.document_steps(data, &mut report).map(|mut document| {
            document.security_object.report = report.clone();
            document
        });
        Inspection { report, outcome }
    }

    fn document_steps(self, data: &ChipData, report: &mut Report) -> Result<AuthenticDocument, Rejection> {
        // 12
        for number in 1..=16 {
            self.check_group(number, data, report)?;
        }
        // 13
        self.compare_com(data, report)?;
        // 14
        let groups = self.read_groups(data);
        let groups = report.check("pa.data-groups", groups, |_| "the data groups can be read")?;
        let (document, dg2_findings) = groups;
        // 15
        let dg14 = document.dg14.as_ref().map(Authentic::content);
        let dg1 = document.dg1.content();
        document.security_object.check_data_group_profile(dg1, &dg2_findings, dg14, report)?;
        document.security_object.compare_card_access(data, dg14, report)?;
        document.security_object.check_card_security(data, report)?;
        let mrz = &document.dg1.content().mrz;
        document.security_object.compare_optical_mrz(data, mrz, report)?;
        document.security_object.check_state(&mrz.issuing_state, report)?;
        // 16
        document.security_object.check_document_type(&mrz.document_code, report)?;
        // 17
        document.security_object.check_expiry(mrz.date_of_expiry.as_expiry(), report)?;
        // 18
        document.security_object.check_accepted(mrz, report)?;
        // 19
        let object = &document.security_object;
        object.known_faults.tell(&object.signer, mrz, report);
        Ok(document)
    }

    fn check_group(&self, number: u8, data: &ChipData, report: &mut Report) -> Result<(), Rejection> {
        let listed = self.content.hashes.contains_key(&number);
        let received = data.file(FileId::Dg(number));
        if received.is_none() && !listed && number > 2 {
            return Ok(());
        }
        let (id, right) =
            number.checked_sub(1).and_then(|n| HASH_LINES.get(usize::from(n))).copied().unwrap_or_default();
        let outcome = match (received, data.erased_dg2) {
            (Some(bytes), _) => self.check_hash(number, bytes),
            (None, Some(digest)) if number == 2 => match self.check_digest(number, &digest) {
                Some(outcome) => outcome,
                None => {
                    report.line(id, CheckResult::Skipped, "DG2 is erased; it was compared before");
                    return Ok(());
                }
            },
            (None, _) if number <= 2 || (listed && matches!(number, 14 | 15)) => {
                Err(Rejection::DataGroupMissing(number))
            }
            (None, _) => {
                report.line(id, CheckResult::Skipped, format!("DG{number} was not received"));
                return Ok(());
            }
        };
        report.check(id, outcome, |()| right)
    }

    fn read_groups(self, data: &ChipData) -> Result<(AuthenticDocument, Vec<Dg2Finding>), Rejection> {
        let dg1 = self.read_optional(data)?.ok_or(Rejection::DataGroupMissing(1))?;
        let portrait = data.files.get(&FileId::Dg(2)).map(|bytes| self.read_portrait(bytes));
        let (dg2, findings) = portrait.transpose()?.unzip();
        let document = AuthenticDocument {
            dg1,
            dg2,
            dg11: self.read_optional(data)?,
            dg14: self.read_optional(data)?,
            dg15: self.read_optional(data)?,
            card_security: None,
            security_object: self,
        };
        Ok((document, findings.unwrap_or_default()))
    }

    fn read_optional<T: Content>(&self, data: &ChipData) -> Result<Option<Authentic<T>>, Rejection> {
        data.files.get(&FileId::Dg(T::NUMBER)).map(|bytes| self.read_compared(bytes)).transpose()
    }

    fn check_state(&self, issuing_state: &str, report: &mut Report) -> Result<(), Rejection> {
        let id = "pa.country";
        let Some(country) = self.country() else {
            report.deviation(id, "no certificate names a country");
            return Ok(());
        };
        let same = same_state(issuing_state, country);
        let outcome = same.then_some(()).ok_or(Rejection::CountryMismatch("document and document signer"));
        report.check(id, outcome, |()| format!("the document is of its signer's State, {country}"))
    }

    fn check_document_type(&self, code: &str, report: &mut Report) -> Result<(), Rejection> {
        let id = "pa.document-type";
        let Some(types) = &self.signer.document_types else {
            report.line(id, CheckResult::Skipped, "the document signer certificate lists no document types");
            return Ok(());
        };
        let listed = types.iter().any(|listed| covers(listed, code));
        let outcome = listed.then_some(()).ok_or(Rejection::DocumentType);
        report.check(id, outcome, |()| "the signer may sign documents of this type")
    }

    /// A document is valid for its last day, in UTC.
    fn check_expiry(&self, expiry: Option<(i32, u8, u8)>, report: &mut Report) -> Result<(), Rejection> {
        let id = "pa.document-expiry";
        match expiry {
            Some(day) if self.at.date() <= day => report.passed(id, "the document has not expired"),
            _ if self.policy.accept_expired_document => report.deviation(id, "the document has expired"),
            _ => return report.check(id, Err(Rejection::DocumentExpired), |()| String::new()),
        }
        Ok(())
    }
}

impl AuthenticDocument {
    /// EF.SOD.
    #[must_use]
    pub fn security_object(&self) -> &SecurityObject {
        &self.security_object
    }

    /// The MRZ.
    #[must_use]
    pub fn dg1(&self) -> &Authentic<Dg1> {
        &self.dg1
    }

    /// The portrait; `None` once erased.
    #[must_use]
    pub fn dg2(&self) -> Option<&Authentic<Dg2>> {
        self.dg2.as_ref()
    }

    /// Additional personal details, if they were received.
    #[must_use]
    pub fn dg11(&self) -> Option<&Authentic<Dg11>> {
        self.dg11.as_ref()
    }

    /// Security options, if the document has them.
    #[must_use]
    pub fn dg14(&self) -> Option<&Authentic<Dg14>> {
        self.dg14.as_ref()
    }

    /// The key of Active Authentication, if the document has one.
    #[must_use]
    pub fn dg15(&self) -> Option<&Authentic<Dg15>> {
        self.dg15.as_ref()
    }

    /// What was checked.
    #[must_use]
    pub fn report(&self) -> &Report {
        self.security_object.report()
    }
}
