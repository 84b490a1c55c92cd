//! The one table of machine codes (docs/protocols.md, section 5).
//!
//! A code is dotted (`pa.hash-mismatch(DG2)`, `nfc.tag-lost`); what stands in brackets is its detail. The table
//! gives each its texts, what a person can do next, and what a phone may see: actionable codes in full; those about
//! clones, attack detection, scores and trust as their family only, while the audit log keeps the full code.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person, or the app, can do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// Send the request again, signed anew.
    Now,
    /// Correct what was entered.
    Correct,
    /// Hold the document to the phone again.
    ReadAgain,
    /// Wait for the time given.
    Later,
    /// Begin a new enrolment or login.
    StartAgain,
    /// Another way: desk, other document.
    OtherWay,
    /// Nothing helps.
    Never,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The code, or a family that ends in a full stop (`pa.`).
    pub code: &'static str,
    /// What the phone sees instead of the code, if not the code itself.
    pub family: Option<&'static str>,
    /// What can be done.
    pub retry: Retry,
    /// French text.
    pub fr: &'static str,
    /// English text.
    pub en: &'static str,
}

const fn open(code: &'static str, retry: Retry, fr: &'static str, en: &'static str) -> Entry {
    Entry { code, family: None, retry, fr, en }
}

const fn family(code: &'static str, retry: Retry, fr: &'static str, en: &'static str) -> Entry {
    Entry { code, family: Some(code), retry, fr, en }
}

const DOCUMENT_FR: &str =
    "Ce document n'a pas pu être vérifié. Essayez un autre document ou rendez-vous à un guichet.";
const DOCUMENT_EN: &str = "This document could not be verified. Try another document or go to a desk.";

/// The table. The first row whose code equals the code, or whose family begins it, counts; so single codes stand
/// before their family.
#[rustfmt::skip]
pub const TABLE: &[Entry] = &[
    open("request.malformed", Retry::Never, "La demande est mal formée. Mettez l'application à jour.", "The request is malformed. Update the app."),
    open("request.signature", Retry::Never, "La demande n'est pas signée par ce téléphone.", "The request is not signed by this phone."),
    open("request.sequence", Retry::Never, "La demande est arrivée hors de son ordre.", "The request came out of order."),
    open("request.nonce", Retry::Now, "La demande a trop tardé. Réessayez.", "The request came too late. Try again."),
    open("request.idempotency", Retry::Never, "Une autre demande porte déjà cette clé.", "Another request already carries this key."),
    open("request.too-large", Retry::Never, "La demande est trop longue.", "The request is too large."),
    open("request.not-found", Retry::StartAgain, "Cette étape n'existe pas ou n'existe plus.", "This step does not exist, or no longer."),
    open("request.method", Retry::Never, "Cette adresse ne prend pas cette méthode.", "This address does not take that method."),
    open("request.rate", Retry::Later, "Trop de demandes. Attendez un peu.", "Too many requests. Wait a little."),
    open("app.version", Retry::Correct, "Mettez l'application à jour.", "Update the app."),
    open("enrolment.expired", Retry::StartAgain, "L'inscription a expiré. Recommencez.", "The enrolment has expired. Start again."),
    open("enrolment.closed", Retry::StartAgain, "Cette inscription est terminée.", "This enrolment is finished."),
    open("enrolment.step-missing", Retry::Correct, "Il manque une étape.", "A step is missing."),
    open("enrolment.seal", Retry::StartAgain, "Les éléments de l'inscription ne vont pas ensemble. Recommencez.", "The parts of this enrolment do not belong together. Start again."),
    open("enrolment.attempts", Retry::Later, "Trop d'essais. Réessayez plus tard.", "Too many attempts. Try again later."),
    open("enrolment.level", Retry::OtherWay, "Ce qui a été vérifié n'atteint aucun niveau.", "What was checked reaches no level."),
    open("enrolment.minor", Retry::Never, "Vous n'avez pas encore l'âge requis.", "You have not reached the minimum age."),
    open("enrolment.document-type", Retry::OtherWay, "Ce type de document n'est pas accepté.", "This type of document is not accepted."),
    open("consent.missing", Retry::Correct, "Il manque un accord.", "A consent is missing."),
    open("consent.version", Retry::Correct, "Le texte a changé. Relisez-le.", "The text has changed. Read it again."),
    open("contact.email", Retry::Correct, "Cette adresse n'est pas valable.", "This address is not valid."),
    open("contact.code", Retry::Correct, "Ce code n'est pas le bon.", "This code is wrong."),
    open("contact.expired", Retry::Correct, "Ce code a expiré. Demandez-en un autre.", "This code has expired. Ask for another."),
    open("identity.birthplace", Retry::Correct, "Choisissez le lieu de naissance dans la liste.", "Choose the place of birth from the list."),
    open("identity.name", Retry::Correct, "Le nom saisi ne correspond pas à celui du document.", "The name typed does not fit the document's."),
    family("identity.", Retry::Correct, "L'identité déclarée ne correspond pas au document.", "The identity declared does not fit the document."),
    open("nfc.tag-lost", Retry::ReadAgain, "Le contact avec la puce est perdu. Reposez le document.", "The chip was lost. Hold the document to the phone again."),
    open("nfc.different-document", Retry::ReadAgain, "Ce n'est pas le même document.", "This is not the same document."),
    open("nfc.access-denied", Retry::Correct, "La puce refuse l'accès : vérifiez le numéro, la date de naissance et la date d'expiration.", "The chip refuses: check number, date of birth and date of expiry."),
    family("bac.", Retry::ReadAgain, "La puce n'a pas répondu comme prévu. Reposez le document.", "The chip did not answer as expected. Hold the document again."),
    family("pace.", Retry::ReadAgain, "La puce n'a pas répondu comme prévu. Reposez le document.", "The chip did not answer as expected. Hold the document again."),
    family("sm.", Retry::ReadAgain, "La puce n'a pas répondu comme prévu. Reposez le document.", "The chip did not answer as expected. Hold the document again."),
    open("nfc.timeout", Retry::ReadAgain, "La puce met trop de temps à répondre. Reposez le document, loin de tout métal.", "The chip takes too long to answer. Hold the document again, away from metal."),
    open("nfc.several-tags", Retry::ReadAgain, "Plusieurs puces sont en vue. N'approchez que le document.", "There are several chips. Hold only the document to the phone."),
    open("nfc.not-supported", Retry::OtherWay, "Ce téléphone ne peut pas lire la puce. Vérifiez que le NFC est activé.", "This phone cannot read the chip. See that NFC is switched on."),
    open("nfc.extended-length", Retry::OtherWay, "Ce téléphone ne peut pas lire cette puce. Essayez avec un autre téléphone.", "This phone cannot read this chip. Try another phone."),
    open("nfc.stopped", Retry::ReadAgain, "La lecture a été interrompue.", "The reading was ended."),
    open("nfc.file-not-found", Retry::OtherWay, "Il manque un fichier sur la puce de ce document.", "A file is missing on the chip of this document."),
    family("nfc.", Retry::ReadAgain, "La puce n'a pas répondu comme prévu. Reposez le document.", "The chip did not answer as expected. Hold the document again."),
    open("lds.", Retry::ReadAgain, "Un fichier de la puce n'a pas pu être lu.", "A file of the chip could not be read."),
    open("pa.document-expired", Retry::OtherWay, "Ce document a expiré.", "This document has expired."),
    open("pa.csca-unknown", Retry::OtherWay, "L'État émetteur de ce document n'est pas encore reconnu.", "The State that issued this document is not known yet."),
    family("pa.", Retry::OtherWay, DOCUMENT_FR, DOCUMENT_EN),
    open("chip.expired", Retry::ReadAgain, "La puce a répondu trop tard. Reposez le document.", "The chip answered too late. Hold the document again."),
    open("chip.closed", Retry::ReadAgain, "Cet essai est terminé. Recommencez la lecture.", "This attempt is over. Read the chip again."),
    family("chip.", Retry::OtherWay, DOCUMENT_FR, DOCUMENT_EN),
    family("ca.", Retry::OtherWay, DOCUMENT_FR, DOCUMENT_EN),
    family("aa.", Retry::OtherWay, DOCUMENT_FR, DOCUMENT_EN),
    open("face.pending", Retry::Later, "La prise de vue n'est pas terminée.", "The capture is not finished."),
    open("face.engine", Retry::Correct, "Cette comparaison des visages n'est pas proposée ici.", "This face engine is not offered here."),
    open("face.expired", Retry::Now, "La prise de vue a trop tardé. Recommencez.", "The capture took too long. Try again."),
    open("face.no-face", Retry::Correct, "Aucun visage n'est visible. Placez votre visage au milieu.", "No face can be seen. Bring your face into the middle."),
    open("face.several-faces", Retry::Correct, "Plusieurs visages sont visibles. Restez seul devant la caméra.", "Several faces can be seen. One person only."),
    open("face.too-small", Retry::Correct, "Rapprochez-vous.", "Come closer."),
    open("face.cut-off", Retry::Correct, "Votre visage sort de l'image. Reculez un peu.", "Your face is cut off. Move back a little."),
    open("face.not-frontal", Retry::Correct, "Regardez droit vers la caméra.", "Look straight into the camera."),
    open("face.blurred", Retry::Correct, "L'image est floue. Ne bougez pas.", "The picture is blurred. Hold still."),
    open("face.too-dark", Retry::Correct, "Il fait trop sombre. Cherchez plus de lumière.", "It is too dark. Find more light."),
    open("face.too-bright", Retry::Correct, "Il y a trop de lumière. Évitez le contre-jour.", "It is too bright. Keep the light out of the picture."),
    open("face.step-not-shown", Retry::Correct, "Le mouvement demandé n'a pas été reconnu. Recommencez.", "The movement asked was not recognised. Try again."),
    open("face.not-neutral", Retry::Correct, "Commencez par regarder la caméra sans bouger, la bouche fermée.", "Begin by looking into the camera without moving, mouth closed."),
    open("face.frame-times", Retry::Correct, "La prise de vue a été trop lente. Recommencez.", "The capture was too slow. Try again."),
    family("face.", Retry::OtherWay, "Le visage n'a pas pu être vérifié. Réessayez ou rendez-vous à un guichet.", "The face could not be verified. Try again or go to a desk."),
    open("desk.closed", Retry::OtherWay, "Aucun guichet n'est ouvert.", "No desk is open."),
    open("desk.not-asked", Retry::Correct, "Choisissez d'abord le guichet.", "Choose the desk first."),
    open("device.platform", Retry::OtherWay, "Ce service n'est pas encore proposé sur ce type de téléphone.", "This service is not offered on this kind of phone yet."),
    family("device.", Retry::OtherWay, "Ce téléphone n'offre pas la sécurité demandée.", "This phone does not offer the security required."),
    open("pin.malformed", Retry::Correct, "Le code doit avoir six chiffres, pas tous égaux.", "The PIN must have six digits, not all the same."),
    open("login.not-found", Retry::StartAgain, "Cette connexion n'existe plus.", "This login no longer exists."),
    open("login.expired", Retry::StartAgain, "Cette connexion a expiré.", "This login has expired."),
    open("login.claimed", Retry::StartAgain, "Un autre téléphone a déjà pris cette connexion.", "Another phone has already taken this login."),
    open("login.refused", Retry::Correct, "La connexion n'a pas été approuvée.", "The login was not approved."),
    open("login.number", Retry::Correct, "Ces deux chiffres ne sont pas ceux que le service affiche.", "These are not the two digits that the service shows."),
    open("login.level", Retry::OtherWay, "Ce service demande un niveau que votre identité n'atteint pas.", "This service asks for a level that your identity does not reach."),
    open("device-state.suspended", Retry::OtherWay, "Ce téléphone est suspendu après trois codes faux. Utilisez la fiche de récupération.", "This phone is suspended after three wrong PINs. Use the recovery sheet."),
    open("device-state.unknown", Retry::StartAgain, "Ce téléphone n'est pas inscrit.", "This phone is not enrolled."),
    open("identity-state.paused", Retry::OtherWay, "Cette identité est suspendue par son titulaire.", "This identity is paused by its holder."),
    open("identity-state.review-pending", Retry::Later, "Cette identité attend une vérification.", "This identity waits for a review."),
    open("identity-state.expired", Retry::StartAgain, "Cette identité a expiré. Inscrivez-vous à nouveau.", "This identity has expired. Enrol again."),
    open("identity-state.blocked", Retry::OtherWay, "Cette identité est bloquée.", "This identity is blocked."),
    open("server.face-engine", Retry::Later, "La comparaison des visages est momentanément indisponible. Réessayez ou rendez-vous à un guichet.", "The comparison of faces is unavailable for the moment. Try again or go to a desk."),
    open("server.unavailable", Retry::Later, "Le service est momentanément indisponible.", "The service is unavailable for the moment."),
    open("server.", Retry::Later, "Une erreur s'est produite chez nous. Réessayez plus tard.", "Something went wrong on our side. Try again later."),
];

const UNKNOWN: Entry = open("", Retry::Never, "La demande a été refusée.", "The request was refused.");

/// The row for a code; a general one if the table has none.
#[must_use]
pub fn entry(code: &str) -> &'static Entry {
    let bare = code.split('(').next().unwrap_or(code);
    let fits = |e: &&Entry| e.code == bare || (e.code.ends_with('.') && bare.starts_with(e.code));
    TABLE.iter().find(fits).unwrap_or(&UNKNOWN)
}

/// What a phone may see of a code: the code, or its family without the full stop.
#[must_use]
pub fn public_code(code: &str) -> &str {
    entry(code).family.map_or(code, |family| family.trim_end_matches('.'))
}

/// A language of the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// French.
    Fr,
    /// English.
    En,
}

impl Language {
    /// The first of the two that an `Accept-Language` header names; French without one.
    #[must_use]
    pub fn from_accept_language(header: Option<&str>) -> Self {
        let wanted = header.unwrap_or_default().split(',').map(str::trim);
        let known = |tag: &str| match tag.get(..2) {
            Some("en") => Some(Self::En),
            Some("fr") => Some(Self::Fr),
            _ => None,
        };
        wanted.filter_map(known).next().unwrap_or(Self::Fr)
    }
}

/// The text for a code.
#[must_use]
pub fn text(code: &str, language: Language) -> &'static str {
    match language {
        Language::Fr => entry(code).fr,
        Language::En => entry(code).en,
    }
}

/// A problem document (RFC 9457), `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:sceau:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A sentence for a person.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The code, or its family.
    pub code: String,
    /// What can be done.
    pub retry: Retry,
    /// Seconds until the next try, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after: Option<i64>,
}

impl Problem {
    /// The problem that a phone may see for a full code.
    #[must_use]
    pub fn new(code: &str, status: u16, language: Language) -> Self {
        let public = public_code(code);
        Self {
            kind: format!("urn:sceau:problem:{public}"),
            title: text(code, language).to_owned(),
            status,
            code: public.to_owned(),
            retry: entry(code).retry,
            retry_after: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_told_by_its_family_only() {
        assert_eq!(public_code("pa.hash-mismatch(DG2)"), "pa");
        assert_eq!(public_code("ca.mac"), "ca");
        assert_eq!(public_code("face.below-threshold"), "face");
        assert_eq!(public_code("face.too-dark"), "face.too-dark");
        assert_eq!(public_code("nfc.tag-lost"), "nfc.tag-lost");
    }

    #[test]
    fn what_can_be_done_fits_the_code() {
        assert_eq!(entry("request.nonce").retry, Retry::Now, "signed anew, over a new nonce");
        assert_eq!(entry("enrolment.level").retry, Retry::OtherWay);
        // Trouble of ours is not told as the phone's.
        let code = "server.attestation-status";
        assert_eq!((entry(code).retry, public_code(code)), (Retry::Later, code));
        assert_eq!(entry("enrolment.already-enrolled").code, "", "nobody sends it");
    }

    #[test]
    fn a_single_code_stands_before_its_family_and_once() {
        for (i, row) in TABLE.iter().enumerate() {
            let first = TABLE
                .iter()
                .position(|e| e.code == row.code || (e.code.ends_with('.') && row.code.starts_with(e.code)));
            assert_eq!(first, Some(i), "{}", row.code);
        }
    }

    #[test]
    fn the_first_known_language_counts_and_french_is_the_default() {
        let language = Language::from_accept_language;
        assert_eq!(language(None), Language::Fr);
        assert_eq!(language(Some("de, en;q=0.8, fr;q=0.5")), Language::En);
        assert_eq!(language(Some("fr-FR,en")), Language::Fr);
    }
}
