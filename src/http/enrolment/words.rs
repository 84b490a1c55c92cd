//! What was checked, in a sentence for a person. English sentences are the report's own; French ones are told by the id.

use protocol::codes::Language;
use verification::{Check, CheckResult, ChipProtocol};

/// The check's id, and its sentence when it passed.
const FRENCH: &[(&str, &str)] = &[
    ("pa.sod", "le fichier de sécurité de la puce est lisible"),
    ("pa.sod-profile", "le fichier de sécurité suit le profil de la norme"),
    ("pa.content-type", "le fichier de sécurité est du type prévu"),
    ("pa.signed-attributes", "les attributs signés sont présents"),
    ("pa.message-digest", "l'empreinte du contenu signé est la bonne"),
    ("pa.dsc-profile", "le certificat du signataire suit le profil de la norme"),
    ("pa.dsc", "le certificat du signataire du document est connu et émis par un État de confiance"),
    ("pa.dsc-signature", "l'État a signé le certificat du signataire du document"),
    ("pa.dsc-key-usage", "la clé du signataire peut signer des documents"),
    ("pa.csca-country", "le certificat de l'État et celui du signataire sont du même pays"),
    ("pa.trust-status", "rien ne parle contre le signataire et l'État émetteur"),
    ("pa.card-access", "les accès qu'annonce la puce sont ceux qui sont signés"),
    ("pa.card-security", "le fichier de sécurité de la carte est signé par l'État"),
    ("pa.optical-mrz", "la zone lue à l'œil est celle de la puce"),
    ("pa.accepted", "ce document est de ceux qui sont acceptés"),
    ("pa.validity", "les certificats sont en cours de validité"),
    ("pa.revocation", "le certificat du signataire n'est pas révoqué"),
    ("pa.sod-signature", "la signature de l'État est bonne"),
    ("pa.signing-time", "la date de signature est plausible"),
    ("pa.strength", "les algorithmes sont assez forts"),
    ("pa.hash", "le fichier est celui que l'État a signé"),
    ("pa.com", "la table des fichiers correspond à ce qui est signé"),
    ("pa.data-groups", "les fichiers sont lisibles"),
    ("pa.data-group-profile", "les fichiers sont écrits comme le veut la norme"),
    ("pa.country", "le document est de l'État de son signataire"),
    ("pa.document-type", "le signataire peut signer ce type de document"),
    ("pa.document-expiry", "le document n'a pas expiré"),
    ("ca.proof", "la puce a prouvé qu'elle est l'original (Chip Authentication)"),
    ("aa.proof", "la puce a prouvé qu'elle est l'original (Active Authentication)"),
    ("face.portrait", "le portrait comparé est celui de la puce"),
    ("face.match", "le moteur de comparaison a reconnu le titulaire"),
    ("face.desk", "un agent a comparé le titulaire et le portrait"),
];
/// The same of checks that policy let through.
const FRENCH_DEVIATIONS: &[(&str, &str)] = &[
    ("face.match", "le moteur de démonstration n'a rien comparé"),
    ("pa.csca-country", "les certificats ne nomment pas le même pays"),
    ("pa.document-expiry", "le document a expiré"),
    ("pa.strength", "un algorithme faible est accepté"),
    ("chip.offered", "le document n'offre aucune preuve de sa puce"),
];

/// The sentence of a check.
pub(super) fn text(check: &Check, language: Language) -> String {
    let bare = check.id.split('(').next().unwrap_or_default();
    let table = match check.result {
        CheckResult::Passed => FRENCH,
        CheckResult::Deviation => FRENCH_DEVIATIONS,
        _ => &[],
    };
    let french = table.iter().find(|(id, _)| *id == bare).map(|(_, text)| *text);
    match (language, french) {
        (Language::En, _) => check.detail.to_string(),
        (Language::Fr, Some(text)) => {
            let group = check.id.split_once('(').map(|(_, group)| group.trim_end_matches(')'));
            group.map_or_else(|| text.to_owned(), |group| format!("{group} : {text}"))
        }
        // What is rare is told in the report's own words.
        (Language::Fr, None) => format!("{} ({})", check.detail, check.id),
    }
}

/// The chip's proof was right.
pub(super) fn chip_proved(protocol: ChipProtocol, language: Language) -> String {
    match language {
        Language::Fr => format!("la puce a prouvé qu'elle est l'original ({protocol})"),
        Language::En => format!("the chip proved that it is the original ({protocol})"),
    }
}

/// The document has an account.
pub(super) fn already_enrolled(language: Language) -> String {
    match language {
        Language::Fr => "ce document est déjà inscrit : ce téléphone remplacera l'ancien",
        Language::En => "this document is enrolled already: this phone will replace the earlier one",
    }
    .to_owned()
}

/// The decision on the holder was taken.
pub(super) fn portrait_erased(language: Language) -> String {
    match language {
        Language::Fr => "le portrait et tout ce qui vient du visage sont effacés",
        Language::En => "the portrait and everything of the face are erased",
    }
    .to_owned()
}

/// Subject and text of the mail with the code, which counts for so many seconds.
pub(super) fn code_mail(code: &str, seconds: i64, language: Language) -> (&'static str, String) {
    let time = match (seconds / 3600, language) {
        (0, _) => format!("{} min", seconds / 60),
        (1, Language::Fr) => "une heure".to_owned(),
        (1, Language::En) => "one hour".to_owned(),
        (hours, Language::Fr) => format!("{hours} heures"),
        (hours, Language::En) => format!("{hours} hours"),
    };
    match language {
        Language::Fr => (
            "Votre code Sceau",
            format!(
                "Votre code : {code}\n\nSaisissez-le dans l'application ; il est valable {time}. Ne le donnez à \
                 personne.\nSi vous n'avez rien demandé, ignorez ce message.\n"
            ),
        ),
        Language::En => (
            "Your Sceau code",
            format!(
                "Your code: {code}\n\nType it into the app; it is good for {time}. Give it to nobody.\nIf you asked \
                 for nothing, ignore this message.\n"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_of_a_file_names_it_in_french_too() {
        let check = |result| Check {
            id: "pa.hash(DG2)".into(),
            result,
            detail: "DG2 is the one that was signed".into(),
        };
        assert_eq!(
            text(&check(CheckResult::Passed), Language::Fr),
            "DG2 : le fichier est celui que l'État a signé"
        );
        assert_eq!(text(&check(CheckResult::Passed), Language::En), "DG2 is the one that was signed");
        assert!(text(&check(CheckResult::Skipped), Language::Fr).starts_with("DG2 is"));
    }
}
