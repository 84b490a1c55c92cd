//! From a document signer to a trusted CSCA.

use clock::UnixTime;

use crate::certificate::Certificate;
use crate::{Rejection, TrustStore};

/// The most signatures that are tried for a document, that of EF.SOD included: what a stranger's file may cost.
pub(crate) const MAX_TRIALS: usize = 16;
/// The most link certificates in a row.
const MAX_LINKS: usize = 4;

/// The certificates above a document signer, the nearest first: link certificates, then the trusted CSCA. Empty if the
/// document signer itself is trusted.
pub(crate) type Issuers<'a> = Vec<&'a Certificate>;

/// Finds the issuers of a document signer. A key identifier names the issuer's key; without a match, the issuer's name
/// does; without that, whoever's key fits is taken, for names of one State differ (Doc 9303-12 4.2, nameChange). All
/// candidates are tried, up to a bound. Of several paths one without fault is preferred ([`fault`]).
///
/// A link certificate is followed whichever of the two keys it certifies: the new one, signed with the old one, leads
/// to documents of the new CSCA if the old one is trusted; the old one, signed with the new one, the other way round.
///
/// # Errors
/// [`Rejection::CscaUnknown`]; [`Rejection::DscSignature`]: the issuer that the certificate names did not sign it;
/// [`Rejection::UnsupportedAlgorithm`]: of the signature, or of the key of the issuer named.
pub(crate) fn find<'a>(
    store: &'a TrustStore,
    signer: &Certificate,
    at: UnixTime,
    trials: usize,
) -> Result<Issuers<'a>, Rejection> {
    if store.signer_anchors.iter().any(|anchor| anchor.sha256 == signer.sha256) {
        return Ok(Vec::new());
    }
    signer.signed.scheme().map_err(|error| Rejection::UnsupportedAlgorithm(error.to_string()))?;
    let mut search = Search { store, at, trials, named: false, signed: false };
    search.issuers(signer, MAX_LINKS).ok_or_else(|| search.why_none(signer))
}

/// What is wrong with the issuers of a path, the gravest first: one is distrusted; one has a critical extension that
/// is not known; a path length is exceeded (RFC 5280 6.1.4, where a link certificate of the State's own adds no level).
pub(crate) fn fault(store: &TrustStore, issuers: &[&Certificate], at: UnixTime) -> Option<Rejection> {
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

struct Search<'a> {
    store: &'a TrustStore,
    at: UnixTime,
    trials: usize,
    /// A candidate that the document signer's certificate names was tried.
    named: bool,
    /// A candidate signed the document signer's certificate.
    signed: bool,
}

impl<'a> Search<'a> {
    /// The likeliest candidates first; who is less likely is looked for only if none of those leads to an anchor.
    fn issuers(&mut self, certificate: &Certificate, links: usize) -> Option<Issuers<'a>> {
        let mut faulty = None;
        for likelihood in Likelihood::ALL {
            for (candidate, is_anchor) in candidates(self.store, certificate, likelihood, self.at) {
                let Ok(key) = candidate.public_key() else { continue };
                if !certificate.signed.fits(&key) {
                    continue;
                }
                let Some(left) = self.trials.checked_sub(1) else { return faulty };
                self.trials = left;
                let signed = certificate.signed.verify(&key).is_ok();
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

/// Who may have issued `certificate`; true: a trusted CSCA. Those come first against whom nothing speaks.
fn candidates<'a>(
    store: &'a TrustStore,
    certificate: &Certificate,
    likelihood: Likelihood,
    at: UnixTime,
) -> Vec<(&'a Certificate, bool)> {
    let anchors = store.cscas.iter().map(|csca| (csca, true));
    let links = store.links.iter().filter(|link| link.may_issue()).map(|link| (link, false));
    let mut all: Vec<_> = anchors
        .chain(links)
        .filter(|(candidate, _)| candidate.sha256 != certificate.sha256)
        .filter(|(candidate, _)| likelihood.holds(certificate, candidate))
        .collect();
    all.sort_by_cached_key(|(candidate, is_anchor)| {
        (store.distrusts(candidate, at), !candidate.is_valid_at(at), !is_anchor)
    });
    all
}
