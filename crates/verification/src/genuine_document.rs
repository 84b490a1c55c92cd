//! The chip of a document whose data are authentic.

use std::collections::BTreeSet;

use emrtd::chip_authentication::ChipAuthenticationOffer;
use emrtd::pace::ChipAuthenticationData;

use crate::chip::is_sha1;
use crate::{
    AuthenticCardSecurity, AuthenticDocument, ChipProof, ChipProtocol, Inspection, Rejection, Report,
};

impl AuthenticDocument {
    /// The protocols that the signed data announce: each is due. Decided from the content of DG14, which may hold
    /// PACEInfos only, and from DG15; Chip Authentication also by an EF.CardSecurity that the State signed.
    #[must_use]
    pub fn chip_protocols(&self) -> BTreeSet<ChipProtocol> {
        let mut due = BTreeSet::new();
        if self.announced_in_dg14() || self.announced_in_master_file() {
            due.insert(ChipProtocol::ChipAuthentication);
        }
        if self.dg15().is_some() {
            due.insert(ChipProtocol::ActiveAuthentication);
        }
        due
    }

    fn announced_in_dg14(&self) -> bool {
        self.dg14().is_some_and(|dg14| dg14.content().announces_chip_authentication())
    }

    fn announced_in_master_file(&self) -> bool {
        self.card_security.as_ref().is_some_and(AuthenticCardSecurity::announces_chip_authentication)
    }

    /// Judges what the chip said in PACE-CAM, for a terminal that ran PACE itself and read EF.DG1 in that very session,
    /// the one of this document; for nobody else it proves anything (docs/protocols.md, section 3). The key is one of
    /// DG14 or of EF.CardSecurity, which the State signed.
    ///
    /// # Errors
    /// [`Rejection::ChipAuthentication`].
    pub fn check_pace_cam(&self, said: &ChipAuthenticationData) -> Result<(), Rejection> {
        let in_application = self.dg14().map(|dg14| dg14.content().public_keys.clone()).unwrap_or_default();
        let in_master_file = self.card_security.as_ref().map(AuthenticCardSecurity::public_keys);
        let keys = [in_application, in_master_file.unwrap_or_default()].concat();
        said.verify(&keys).map_err(Rejection::ChipAuthentication)
    }

    /// Judges what the chip proved: every protocol that the document announces was answered rightly (or one of them,
    /// if the policy says so), by the chip of this very document.
    pub fn prove_chip(mut self, proofs: &[ChipProof]) -> Inspection<GenuineDocument> {
        let mut report = std::mem::take(&mut self.security_object.report);
        let outcome = self.chip_steps(proofs, &mut report).map(|chip| {
            let mut document = self;
            document.security_object.report = report.clone();
            GenuineDocument { document, chip }
        });
        Inspection { report, outcome }
    }

    fn chip_steps(&self, proofs: &[ChipProof], report: &mut Report) -> Result<ChipAuthenticity, Rejection> {
        let due = self.chip_protocols();
        let policy = &self.security_object.policy;
        // 1. Each proof is of this document and of a protocol that it announces.
        let foreign = proofs.iter().any(|proof| {
            proof.sod_sha256 != self.security_object.sod_sha256 || !due.contains(&proof.protocol)
        });
        if foreign {
            return report
                .check("chip.document", Err(Rejection::ChipProofOfAnotherDocument), |_| String::new());
        }
        // 2. A document that announces nothing.
        if due.is_empty() {
            if policy.accept_chip_not_offered {
                report.deviation("chip.offered", "the document offers no proof of its chip");
                return Ok(ChipAuthenticity::NotOffered);
            }
            return report.check("chip.offered", Err(Rejection::ChipNotOffered), |_| String::new());
        }
        // 3. Each protocol announced has its proof.
        let mut proved = BTreeSet::new();
        for proof in proofs {
            let scheme = self.scheme(proof);
            let id = proof.protocol.short_name();
            report.passed(format!("{id}.proof"), format!("{} with {scheme}", proof.protocol));
            if is_sha1(&scheme) {
                report.deviation(format!("{id}.strength"), "SHA-1 is used");
            }
            report.algorithm(id, scheme);
            proved.insert(proof.protocol);
        }
        match due.difference(&proved).next() {
            Some(missing) if !policy.one_chip_proof_suffices || proved.is_empty() => {
                let id = format!("{}.proof", missing.short_name());
                report.check(id, Err(Rejection::ChipProofMissing(*missing)), |_| String::new())
            }
            Some(missing) => {
                report.deviation(format!("{}.proof", missing.short_name()), "announced and not proved");
                Ok(ChipAuthenticity::Proved(proved))
            }
            None => Ok(ChipAuthenticity::Proved(proved)),
        }
    }

    /// The scheme of a proof in words; that of Chip Authentication stands in DG14 or EF.CardSecurity.
    fn scheme(&self, proof: &ChipProof) -> String {
        let offer = || match self.dg14().filter(|_| self.announced_in_dg14()) {
            Some(dg14) => ChipAuthenticationOffer::choose(dg14.content()).ok(),
            None => self.card_security.as_ref()?.offer().ok(),
        };
        proof.scheme.clone().or_else(|| offer().map(|offer| offer.name())).unwrap_or_default()
    }
}

/// What is known of the chip of a genuine document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChipAuthenticity {
    /// The chip proved itself by these protocols.
    Proved(BTreeSet<ChipProtocol>),
    /// The document offers no protocol, and policy accepts that: the data may lie on a copy.
    NotOffered,
}

/// A document whose data the State signed, on the chip into which the State put its key. Only
/// [`AuthenticDocument::prove_chip`] makes one.
#[derive(Clone, Debug)]
pub struct GenuineDocument {
    document: AuthenticDocument,
    chip: ChipAuthenticity,
}

impl GenuineDocument {
    /// The data.
    #[must_use]
    pub fn document(&self) -> &AuthenticDocument {
        &self.document
    }

    /// What is known of the chip.
    #[must_use]
    pub fn chip(&self) -> &ChipAuthenticity {
        &self.chip
    }

    /// Chip or Active Authentication succeeded.
    #[must_use]
    pub fn chip_proved(&self) -> bool {
        matches!(self.chip, ChipAuthenticity::Proved(_))
    }

    /// What was checked.
    #[must_use]
    pub fn report(&self) -> &Report {
        self.document.report()
    }
}
