//! Certificate revocation lists (Doc 9303-12 7.1.4).

use clock::UnixTime;

use crate::Signer;
use crate::asn1;
use crate::certificate::{Name, extension, key_identifier};
use lds::tlv;

/// What a CRL is made from.
#[derive(Clone, Debug)]
pub struct CrlBuilder {
    /// The CSCA.
    pub issuer: Name,
    /// When it was made.
    pub this_update: UnixTime,
    /// When the next one is due.
    pub next_update: UnixTime,
    /// Serial numbers of revoked certificates; revoked at `this_update`.
    pub revoked: Vec<u64>,
    /// cRLNumber.
    pub number: u64,
}

impl CrlBuilder {
    /// Signs and encodes the CRL.
    #[must_use]
    pub fn sign(&self, signer: &Signer) -> Vec<u8> {
        let mut parts = vec![
            asn1::integer(1),
            signer.algorithm_der(),
            self.issuer.der(),
            asn1::time(self.this_update),
            asn1::time(self.next_update),
        ];
        let revoked: Vec<Vec<u8>> = self
            .revoked
            .iter()
            .map(|serial| asn1::sequence(&[asn1::integer(*serial), asn1::time(self.this_update)]))
            .collect();
        if !revoked.is_empty() {
            parts.push(asn1::sequence(&revoked));
        }
        let authority = tlv::encode(0x80, &key_identifier(&signer.key.spki_der()));
        let extensions = asn1::sequence(&[
            extension("2.5.29.35", false, &asn1::sequence(&[authority])),
            extension("2.5.29.20", false, &asn1::integer(self.number)),
        ]);
        parts.push(asn1::context(0, &[extensions]));
        let tbs = asn1::sequence(&parts);
        asn1::sequence(&[tbs.clone(), signer.algorithm_der(), asn1::bit_string(&signer.sign(&tbs))])
    }
}
