//! From a document signer to a trusted CSCA.

use std::collections::HashMap;
use std::sync::Arc;

use clock::UnixTime;

use crate::certificate::Certificate;
use crate::known_signers::Trials;
use crate::name::Name;
use crate::{Rejection, TrustStore};

/// The most signatures that are tried for a document, that of EF.SOD included: what a stranger's file may cost.
pub(crate) const MAX_TRIALS: usize = 16;
/// The most link certificates in a row.
const MAX_LINKS: usize = 4;

/// The certificates above a document signer, the nearest first: link certificates, then the trusted CSCA. Empty if the
/// document signer itself is trusted.
pub(crate) type Issuers<'a> = Vec<&'a Arc<Certificate>>;

/// Finds the issuers of a document signer. A key identifier names the issuer's key; without a match, the issuer's name
/// does; without that, whoever's key fits is taken, for names of one State differ (Doc 9303-12 4.2, nameChange). All
/// candidates are tried, up to a bound. Of several paths one without fault is preferred ([`fault`]).
///
/// A link certificate is followed whichever of the two keys it certifies: the new one, signed with the old one, leads
/// to documents of the new CSCA if the old one is trusted; the old one, signed with the new one, the other way round.
///
/// A signature that `tried` knows costs nothing and counts all the same: the path found is the same as without.
///
/// # Errors
/// [`Rejection::CscaUnknown`]; [`Rejection::DscSignature`]: the issuer that the certificate names did not sign it;
/// [`Rejection::UnsupportedAlgorithm`]: of the signature, or of the key of the issuer named.
pub(crate) fn find<'a>(
    store: &'a TrustStore,
    signer: &Certificate,
    at: UnixTime,
    trials: usize,
    tried: &mut Trials,
) -> Result<Issuers<'a>, Rejection> {
    if store.signer_anchors.iter().any(|anchor| anchor.sha256 == signer.sha256) {
        return Ok(Vec::new());
    }
    signer.signed.scheme().map_err(|error| Rejection::UnsupportedAlgorithm(error.to_string()))?;
    let mut search = Search { store, at, trials, tried, named: false, signed: false };
    search.issuers(signer, MAX_LINKS).ok_or_else(|| search.why_none(signer))
}

/// What is wrong with the issuers of a path, the gravest first: one is distrusted; one has a critical extension that
/// is not known; a path length is exceeded (RFC 5280 6.1.4, where a link certificate of the State's own adds no level).
pub(crate) fn fault(store: &TrustStore, issuers: &[&Arc<Certificate>], at: UnixTime) -> Option<Rejection> {
    if issuers.iter().any(|issuer| store.distrusts(issuer, at)) {
        return Some(Rejection::CscaDistrusted);
    }
    if let Some(oid) = issuers.iter().find_map(|issuer| issuer.unknown_critical.clone()) {
        return Some(Rejection::CscaCriticalExtension(oid));
    }
    let too_long = issuers.iter().enumerate().any(|(place, issuer)| {
        let below = issuers.iter().take(place).filter(|below| !below.adds_no_level()).count();
        issuer.path_length.is_some_and(|most| usize::try_from(most).is_ok_and(|most| below > most))
    });
    too_long.then_some(Rejection::PathLength)
}

struct Search<'a, 't> {
    store: &'a TrustStore,
    at: UnixTime,
    trials: usize,
    tried: &'t mut Trials,
    /// A candidate that the document signer's certificate names was tried.
    named: bool,
    /// A candidate signed the document signer's certificate.
    signed: bool,
}

impl<'a> Search<'a, '_> {
    /// The likeliest candidates first; who is less likely is looked for only if none of those leads to an anchor.
    fn issuers(&mut self, certificate: &Certificate, links: usize) -> Option<Issuers<'a>> {
        let mut faulty = None;
        for likelihood in Likelihood::ALL {
            for (candidate, is_anchor) in candidates(self.store, certificate, likelihood, self.at) {
                let Ok(key) = candidate.public_key() else { continue };
                if !certificate.signed.fits(key) {
                    continue;
                }
                let Some(left) = self.trials.checked_sub(1) else { return faulty };
                self.trials = left;
                let signed = self.tried.signed(certificate, candidate, key);
                if links == MAX_LINKS {
                    self.named |= likelihood == Likelihood::named_by(certificate);
                    self.signed |= signed;
                }
                if !signed {
                    continue;
                }
                let above = if is_anchor {
                    Some(Vec::new())
                } else {
                    links.checked_sub(1).and_then(|links| self.issuers(candidate, links))
                };
                let Some(above) = above else { continue };
                let path: Issuers<'a> = [candidate].into_iter().chain(above).collect();
                let valid = path.iter().all(|issuer| issuer.is_valid_at(self.at));
                if valid && fault(self.store, &path, self.at).is_none() {
                    return Some(path);
                }
                faulty.get_or_insert(path);
            }
        }
        faulty
    }

    /// Why there is no path.
    fn why_none(&self, signer: &Certificate) -> Rejection {
        let named = Likelihood::named_by(signer);
        let candidates = candidates(self.store, signer, named, self.at);
        match candidates.iter().find_map(|(candidate, _)| candidate.public_key().err()) {
            Some(error) => Rejection::UnsupportedAlgorithm(error.to_string()),
            None if self.named && !self.signed => Rejection::DscSignature,
            None => Rejection::CscaUnknown,
        }
    }
}

/// What speaks for a candidate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likelihood {
    /// The certificate names its key.
    Key,
    /// The certificate names it.
    Name,
    /// It is of the issuer's country.
    Country,
    /// Nothing.
    Any,
}

impl Likelihood {
    const ALL: [Self; 4] = [Self::Key, Self::Name, Self::Country, Self::Any];

    fn of(certificate: &Certificate, candidate: &Certificate) -> Self {
        if certificate.names_key_of(candidate) {
            Self::Key
        } else if certificate.issuer == candidate.subject {
            Self::Name
        } else if certificate.issuer.country() == candidate.subject.country() {
            Self::Country
        } else {
            Self::Any
        }
    }

    /// That of a candidate whom the certificate names as precisely as it can.
    fn named_by(certificate: &Certificate) -> Self {
        if certificate.authority_key_id.is_some() { Self::Key } else { Self::Name }
    }

    /// Whether it is this one. The likely ones are told without reading names.
    fn holds(self, certificate: &Certificate, candidate: &Certificate) -> bool {
        match self {
            Self::Key => certificate.names_key_of(candidate),
            other => Self::of(certificate, candidate) == other,
        }
    }
}

/// The trusted CSCAs and the link certificates of a store, by what a certificate says of its issuer. The numbers are
/// those of the CSCAs, then of the links.
pub(crate) struct Index {
    by_key: HashMap<Vec<u8>, Vec<usize>>,
    by_name: HashMap<Name, Vec<usize>>,
}

impl Index {
    pub(crate) fn new(cscas: &[Arc<Certificate>], links: &[Arc<Certificate>]) -> Self {
        let mut index = Self { by_key: HashMap::new(), by_name: HashMap::new() };
        for (number, certificate) in cscas.iter().chain(links).enumerate() {
            if let Some(identifier) = &certificate.subject_key_id {
                index.by_key.entry(identifier.clone()).or_default().push(number);
            }
            index.by_name.entry(certificate.subject.clone()).or_default().push(number);
        }
        index
    }

    /// Those among whom all of this likelihood are; `None`: anybody may be.
    fn likely(&self, certificate: &Certificate, likelihood: Likelihood) -> Option<&[usize]> {
        let found = match likelihood {
            Likelihood::Key => certificate.authority_key_id.as_ref().and_then(|id| self.by_key.get(id)),
            Likelihood::Name => self.by_name.get(&certificate.issuer),
            Likelihood::Country | Likelihood::Any => return None,
        };
        Some(found.map_or(&[], Vec::as_slice))
    }
}

/// Who may have issued `certificate`; true: a trusted CSCA. Those come first against whom nothing speaks.
fn candidates<'a>(
    store: &'a TrustStore,
    certificate: &Certificate,
    likelihood: Likelihood,
    at: UnixTime,
) -> Vec<(&'a Arc<Certificate>, bool)> {
    let numbered = |number: usize| match store.cscas.get(number) {
        Some(csca) => Some((csca, true)),
        None => store.links.get(number.checked_sub(store.cscas.len())?).map(|link| (link, false)),
    };
    let fits = |(candidate, is_anchor): &(&'a Arc<Certificate>, bool)| {
        (*is_anchor || candidate.may_issue())
            && candidate.sha256 != certificate.sha256
            && likelihood.holds(certificate, candidate)
    };
    let mut all: Vec<_> = match store.index().likely(certificate, likelihood) {
        Some(likely) => likely.iter().copied().filter_map(numbered).filter(fits).collect(),
        None => (0..store.cscas.len() + store.links.len()).filter_map(numbered).filter(fits).collect(),
    };
    all.sort_by_cached_key(|(candidate, is_anchor)| {
        (store.distrusts(candidate, at), !candidate.is_valid_at(at), !is_anchor)
    });
    all
}
