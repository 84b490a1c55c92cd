//! Notices by mail: what happened to an account, for its holder. Each is in French and in English, since a server does not
//! know who reads; none holds a link, so that nobody learns to follow links to a login.

use clock::UnixTime;
use identity::{IdentityState, Level};
use protocol::codes::Language;
use storage::Mail;

use crate::http::pages::{Texts, in_words};

/// The mail with a six-digit code, for whoever waits for it.
#[must_use]
pub fn code(code: &str, language: Language) -> (&'static str, String) {
    match language {
        Language::Fr => (
            "Votre code Sceau",
            format!(
                "Votre code : {code}\n\nSaisissez-le dans la page où vous l'avez demandé. Ne le donnez à personne.\n"
            ),
        ),
        Language::En => (
            "Your Sceau code",
            format!(
                "Your code: {code}\n\nType it into the page where you asked for it. Give it to nobody.\n"
            ),
        ),
    }
}

/// How a holder is told of a new phone: `storage::Sealing`.
#[must_use]
pub fn phone(state: IdentityState, replaced: bool, address: &str, at: UnixTime) -> Mail {
    let notice = match state {
        IdentityState::ReviewPending => Notice::UnderReview,
        _ => Notice::Phone { replaced },
    };
    notice.to(address, at)
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// A phone approved a connection.
    Connection {
        /// The client's name.
        client: &'a str,
        /// The level that was answered.
        level: Level,
        /// The browser, in words.
        browser: &'a str,
    },
    /// A phone was enrolled; `replaced`: in place of another.
    Phone {
        /// The document was enrolled before.
        replaced: bool,
    },
    /// The holder paused her identity.
    Paused,
    /// She ended the pause.
    Resumed,
    /// It is blocked; `by_operator`: not by the holder.
    Blocked {
        /// By an operator.
        by_operator: bool,
    },
    /// An operator ended a block.
    Unblocked,
    /// The holder gave up her own block: the document has to be enrolled again.
    BlockGivenUp,
    /// A phone suspended by wrong PINs may try again.
    SuspensionLifted,
    /// The address is another one now.
    EmailChanged,
    /// Place of birth or names were corrected.
    Corrected,
    /// An operator has to look at the enrolment first.
    UnderReview,
    /// An operator looked at the enrolment.
    Reviewed {
        /// And accepted it.
        accepted: bool,
    },
    /// It expires soon; `idle`: since nobody uses it.
    ExpiresSoon {
        /// A use would keep it.
        idle: bool,
    },
    /// It has expired.
    Expired,
    /// Everything was erased.
    Erased,
}

impl Notice<'_> {
    /// The mail to this address.
    #[must_use]
    pub fn to(self, address: &str, at: UnixTime) -> Mail {
        let ((fr_subject, fr), (en_subject, en)) = (self.french(), self.english());
        let (fr_at, en_at) = (in_words(at, Language::Fr), in_words(at, Language::En));
        Mail {
            to: address.to_owned(),
            subject: format!("Sceau : {fr_subject} / {en_subject}"),
            text: format!(
                "{fr}\n\nLe {fr_at} (heure de Paris).\n\n\
                 Ce n'était pas vous ? Bloquez votre identité dans votre compte, avec votre téléphone ou avec votre \
                 fiche de récupération. Personne ne vous demandera jamais votre code.\n\n\
                 ----\n\n\
                 {en}\n\nOn {en_at} (Paris time).\n\n\
                 It was not you? Block your identity in your account, with your phone or with your recovery sheet. \
                 Nobody will ever ask you for your code.\n"
            ),
        }
    }

    fn french(self) -> (&'static str, String) {
        let told = |subject, text: &str| (subject, text.to_owned());
        match self {
            Self::Connection { client, level, browser } => {
                let level = Texts::of(Language::Fr).level_in_words(level);
                let from = if browser.is_empty() { String::new() } else { format!(" depuis {browser}") };
                (
                    "connexion",
                    format!("Votre identité a servi à vous connecter à {client}{from}, au niveau {level}."),
                )
            }
            Self::Phone { replaced: false } => told(
                "votre identité est active",
                "Votre identité est active : un téléphone peut maintenant approuver vos connexions.",
            ),
            Self::Phone { replaced: true } => told(
                "un nouveau téléphone",
                "Un nouveau téléphone peut maintenant approuver vos connexions ; l'ancien ne le peut plus.",
            ),
            Self::Paused => {
                told("pause", "Vous avez mis votre identité en pause : aucun service ne peut vous connecter.")
            }
            Self::Resumed => told("fin de la pause", "Votre identité n'est plus en pause."),
            Self::Blocked { by_operator: false } => {
                told("blocage", "Votre identité est bloquée : plus aucun téléphone n'approuve de connexion.")
            }
            Self::Blocked { by_operator: true } => told(
                "blocage",
                "Votre identité est bloquée par le service, par précaution. Écrivez au support pour en savoir plus.",
            ),
            Self::Unblocked => {
                told("fin du blocage", "Le blocage de votre identité est levé par le service.")
            }
            Self::BlockGivenUp => told(
                "fin du blocage",
                "Vous avez levé le blocage de votre identité. Pour vous en servir, inscrivez de nouveau votre document.",
            ),
            Self::SuspensionLifted => told(
                "téléphone réactivé",
                "Votre téléphone, suspendu après trois codes faux, peut de nouveau servir.",
            ),
            Self::EmailChanged => told(
                "nouvelle adresse",
                "L'adresse électronique de votre identité a changé. Ce message va à l'ancienne et à la nouvelle.",
            ),
            Self::Corrected => {
                told("correction", "Vous avez corrigé votre lieu de naissance ou l'écriture de vos noms.")
            }
            Self::UnderReview => told(
                "inscription à vérifier",
                "Votre inscription est faite ; une personne la vérifie avant que vous puissiez vous en servir.",
            ),
            Self::Reviewed { accepted: true } => told(
                "votre identité est active",
                "Votre inscription a été vérifiée : votre identité est active.",
            ),
            Self::Reviewed { accepted: false } => told(
                "inscription refusée",
                "Votre inscription a été vérifiée et n'a pas été acceptée. Écrivez au support ou rendez-vous à un guichet.",
            ),
            Self::ExpiresSoon { idle: true } => told(
                "votre identité expire bientôt",
                "Votre identité n'a pas servi depuis presque deux ans : elle expire dans trente jours. Une connexion suffit à la garder.",
            ),
            Self::ExpiresSoon { idle: false } => told(
                "votre identité expire bientôt",
                "Votre inscription date de presque cinq ans : elle expire dans trente jours. Inscrivez de nouveau votre document dans l'application pour la garder.",
            ),
            Self::Expired => told(
                "votre identité a expiré",
                "Votre identité a expiré. Inscrivez de nouveau votre document pour la reprendre ; dans quatre-vingt-dix jours elle sera effacée.",
            ),
            Self::Erased => {
                told("suppression", "Votre compte est supprimé, avec ses données et son historique.")
            }
        }
    }

    fn english(self) -> (&'static str, String) {
        let told = |subject, text: &str| (subject, text.to_owned());
        match self {
            Self::Connection { client, level, browser } => {
                let level = Texts::of(Language::En).level_in_words(level);
                let from = if browser.is_empty() { String::new() } else { format!(" from {browser}") };
                ("sign-in", format!("Your identity was used to sign in to {client}{from}, at level {level}."))
            }
            Self::Phone { replaced: false } => told(
                "your identity is active",
                "Your identity is active: a phone can now approve your sign-ins.",
            ),
            Self::Phone { replaced: true } => {
                told("a new phone", "A new phone can now approve your sign-ins; the old one no longer can.")
            }
            Self::Paused => told("pause", "You paused your identity: no service can sign you in."),
            Self::Resumed => told("end of the pause", "Your identity is no longer paused."),
            Self::Blocked { by_operator: false } => {
                told("block", "Your identity is blocked: no phone approves a sign-in any more.")
            }
            Self::Blocked { by_operator: true } => told(
                "block",
                "The service has blocked your identity as a precaution. Write to the support to learn more.",
            ),
            Self::Unblocked => told("end of the block", "The service has lifted the block of your identity."),
            Self::BlockGivenUp => told(
                "end of the block",
                "You lifted the block of your identity. To use it, enrol your document again.",
            ),
            Self::SuspensionLifted => {
                told("phone reactivated", "Your phone, suspended after three wrong PINs, can be used again.")
            }
            Self::EmailChanged => told(
                "new address",
                "The e-mail address of your identity has changed. This message goes to the old and to the new one.",
            ),
            Self::Corrected => {
                told("correction", "You corrected your place of birth or the spelling of your names.")
            }
            Self::UnderReview => told(
                "enrolment to be reviewed",
                "You are enrolled; a person reviews it before you can use it.",
            ),
            Self::Reviewed { accepted: true } => {
                told("your identity is active", "Your enrolment was reviewed: your identity is active.")
            }
            Self::Reviewed { accepted: false } => told(
                "enrolment refused",
                "Your enrolment was reviewed and not accepted. Write to the support or go to a desk.",
            ),
            Self::ExpiresSoon { idle: true } => told(
                "your identity expires soon",
                "Your identity has not been used for almost two years: it expires in thirty days. One sign-in keeps it.",
            ),
            Self::ExpiresSoon { idle: false } => told(
                "your identity expires soon",
                "You enrolled almost five years ago: your identity expires in thirty days. Enrol your document again in the app to keep it.",
            ),
            Self::Expired => told(
                "your identity has expired",
                "Your identity has expired. Enrol your document again to take it up; in ninety days it will be erased.",
            ),
            Self::Erased => told("deletion", "Your account is deleted, with its data and its history."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_in_both_languages_and_leads_nowhere() {
        let notices = [
            Notice::Connection { client: "FranceConnect", level: Level::Eidas2, browser: "Firefox, Linux" },
            Notice::Phone { replaced: true },
            Notice::Phone { replaced: false },
            Notice::Paused,
            Notice::Resumed,
            Notice::Blocked { by_operator: true },
            Notice::Blocked { by_operator: false },
            Notice::Unblocked,
            Notice::BlockGivenUp,
            Notice::SuspensionLifted,
            Notice::EmailChanged,
            Notice::Corrected,
            Notice::UnderReview,
            Notice::Reviewed { accepted: true },
            Notice::Reviewed { accepted: false },
            Notice::ExpiresSoon { idle: true },
            Notice::ExpiresSoon { idle: false },
            Notice::Expired,
            Notice::Erased,
        ];
        for notice in notices {
            let mail = notice.to("a@example.org", UnixTime(1_780_315_200));
            assert!(mail.subject.starts_with("Sceau : ") && mail.subject.contains(" / "), "{}", mail.subject);
            assert!(
                mail.text.contains("Le 01/06/2026 à 14:00") && mail.text.contains("On 1 Jun 2026, 14:00")
            );
            assert!(!mail.text.contains("http") && !mail.text.contains("www"), "{notice:?}");
            assert!(
                mail.text.lines().all(|line| line.len() < 998),
                "a line of mail is short (RFC 5322, 2.1.1)"
            );
        }
    }
}
