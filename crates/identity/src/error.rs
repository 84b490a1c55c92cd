//! What can be wrong with an identity.

/// Why an identity, a declaration or an enrolment was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The commune is not in the table.
    #[error("no commune has the code {0}")]
    UnknownCommune(String),
    /// The country or territory is not in the table.
    #[error("no country or territory has the code {0}")]
    UnknownCountry(String),
    /// A birth in France (99100) needs the commune.
    #[error("a birth in France needs a commune")]
    BirthplaceMissing,
    /// A birth abroad has no commune.
    #[error("a birth abroad has no commune")]
    BirthplaceAbroad,
    /// The typed name does not map to the chip's name by Doc 9303-3.
    #[error("the {0} typed does not fit the document's")]
    Name(&'static str),
    /// The document has no given name, which the broker demands.
    #[error("the document has no {0}")]
    NameMissing(&'static str),
    /// A name holds a character that no name holds, or is too long.
    #[error("the {0} holds what a name cannot hold")]
    NameCharacters(&'static str),
    /// The birth date is absent or is none.
    #[error("the document's birth date is not usable")]
    BirthDate,
    /// The two-digit year fits two centuries and DG11 does not tell which.
    #[error("the century of the birth date is not known")]
    Century,
    /// DG11 and DG1 tell different things.
    #[error("DG11 and DG1 disagree on the {0}")]
    Disagree(&'static str),
    /// The e-mail address is not one.
    #[error("the e-mail address is malformed")]
    Email,
    /// The holder is younger than the policy accepts.
    #[error("the holder is younger than {0}")]
    TooYoung(u8),
    /// The kind of document is not accepted.
    #[error("documents of code {0} are not accepted")]
    DocumentCode(String),
    /// Stored bytes are not what they should be.
    #[error("stored {0} cannot be read")]
    Stored(&'static str),
}

impl Error {
    /// The machine code (docs/protocols.md, section 5).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownCommune(_)
            | Self::UnknownCountry(_)
            | Self::BirthplaceMissing
            | Self::BirthplaceAbroad => "identity.birthplace",
            Self::Name(_) | Self::NameCharacters(_) => "identity.name",
            Self::NameMissing(_) => "identity.name-missing",
            Self::BirthDate => "identity.birthdate",
            Self::Century => "identity.century",
            Self::Disagree(_) => "identity.disagreement",
            Self::Email => "contact.email",
            Self::TooYoung(_) => "enrolment.minor",
            Self::DocumentCode(_) => "enrolment.document-type",
            Self::Stored(_) => "server.stored",
        }
    }
}
