//! JSON Web Keys, compact JSON Web Signatures and compact JSON Web Encryption (RFC 7515 to 7518, 7638), as narrow as Sceau
//! needs them.
//!
//! Signing is ES256 or RS256, by the key; verifying is these and EdDSA (RFC 8037), each only if the caller allows it. Encryption is to one
//! recipient's published key ([`EncryptionKey`]). A [`Verified`] payload
//! can be made by [`verify`] alone. [`statement`] adds what every statement of our own says beside its content:
//! purpose, audience, issuer, id and time.

mod base64url;
mod embedded;
mod jwe;
mod jwk;
mod jws;
pub mod statement;

pub use embedded::verify_embedded;
pub use jwe::{ContentEncryption, DecryptionKey, EncryptionKey, KeyManagement};
pub use jwk::{Jwk, JwkSet, MAX_KEYS};
pub use jws::{Algorithm, Header, MAX_LEN, SigningKey, Verified, decode_header, sign, verify};
pub use statement::{Expected, Statement, VerifiedStatement, sign_statement, verify_statement};

/// Why a key, a signature or a statement was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A JWS longer than [`MAX_LEN`], or a key set longer than that or of more than [`MAX_KEYS`] keys.
    #[error("longer than the limit")]
    TooLarge,
    /// Not three parts with full stops between them.
    #[error("not a compact JWS")]
    NotCompact,
    /// A part or member is not base64url without padding, or carries bits beyond its last byte.
    #[error("{0}: not base64url in canonical form")]
    Base64Url(&'static str),
    /// The header is not the JSON object that it should be.
    #[error("malformed JWS header")]
    Header,
    /// `alg` is `none`.
    #[error("unsigned: alg none")]
    Unsigned,
    /// An `alg` that is not known here.
    #[error("unsupported alg {0}")]
    UnsupportedAlgorithm(String),
    /// A known `alg` that the caller does not allow.
    #[error("alg {} is not allowed here", .0.name())]
    AlgorithmNotAllowed(Algorithm),
    /// The header asks by `crit` that an extension be understood.
    #[error("critical header extension")]
    Critical,
    /// No key has this `kid`, or there is no key at all.
    #[error("unknown key")]
    UnknownKey,
    /// More than one key could be meant.
    #[error("more than one key could be meant")]
    AmbiguousKey,
    /// The key is of another kind, use or `alg` than the signature.
    #[error("the key does not fit the algorithm")]
    KeyMismatch,
    /// A JWK is not a public key that this crate takes.
    #[error("malformed JWK: {0}")]
    Jwk(&'static str),
    /// What was encrypted does not open with this key.
    #[error("not decrypted")]
    Decryption,
    /// The signature does not verify.
    #[error("wrong signature")]
    Signature,
    /// The signed payload is not the claims that it should be.
    #[error("malformed claims")]
    Claims,
    /// The statement was made for another purpose.
    #[error("the statement has another purpose")]
    Purpose,
    /// The statement was made for somebody else.
    #[error("the statement is for another audience")]
    Audience,
    /// The statement was made by somebody else.
    #[error("the statement is from another issuer")]
    Issuer,
    /// The statement is from the future.
    #[error("the statement is from the future")]
    NotYetValid,
    /// The statement is too old.
    #[error("the statement is too old")]
    Expired,
}
