//! Languages, and the sentences of the pages.

use crate::Check;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

impl Language {
    /// The language of `?lang=`, or else the first of `Accept-Language` that is known, or else French.
    #[must_use]
    pub fn choose(query: Option<&str>, accept: Option<&str>) -> Self {
        let known = |tag: &str| match tag.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "fr" => Some(Self::Fr),
            "en" => Some(Self::En),
            _ => None,
        };
        let accepted = accept.into_iter().flat_map(|list| list.split(',')).find_map(known);
        query.and_then(known).or(accepted).unwrap_or_default()
    }

    /// `fr` or `en`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        Texts::of(self).lang
    }
}

macro_rules! texts {
    ($($name:ident: $fr:literal, $en:literal;)*) => {
        /// The sentences of one language.
        #[derive(Debug)]
        pub(crate) struct Texts { $(pub(crate) $name: &'static str,)* }
        const FR: Texts = Texts { $($name: $fr,)* };
        const EN: Texts = Texts { $($name: $en,)* };
    };
}

texts! {
    lang: "fr", "en";
    other_lang: "en", "fr";
    other_name: "English", "Français";
    languages: "Langue", "Language";
    skip: "Aller au contenu", "Skip to content";
    demo: "Démonstration.", "Demonstration.";
    demo_detail: "Ni ce service ni ce courtier n'existent : ce n'est pas FranceConnect, et les personnes sont inventées.", "Neither this service nor this broker exists: this is not FranceConnect, and the persons are made up.";
    service: "Service de démonstration", "Demo service";
    broker: "Courtier de démonstration", "Demo broker";
    service_title: "Vos démarches, pour l'exemple", "Your paperwork, as an example";
    service_text: "Ce service doit savoir qui vous êtes. Il le demande au courtier, qui le demande au fournisseur d'identité que vous choisissez.", "This service needs to know who you are. It asks the broker, which asks the identity provider that you choose.";
    service_action: "Se connecter avec FranceConnect (démo)", "Sign in with FranceConnect (demo)";
    choice_title: "Choisissez un compte", "Choose an account";
    choice_text: "Le fournisseur choisi vérifie que c'est bien vous, puis transmet votre identité.", "The provider that you choose makes sure that it is you, then passes your identity on.";
    provider: "Sceau : l'identité de votre passeport", "Sceau: the identity in your passport";
    provider_detail: "Avec l'application Sceau, sur votre téléphone.", "With the Sceau app, on your phone.";
    level_asked: "Niveau demandé :", "Level asked:";
    back: "Revenir au service", "Return to the service";
    refused_title: "La connexion n'a pas abouti.", "The sign-in did not succeed.";
    refused_text: "Le fournisseur d'identité a répondu :", "The identity provider answered:";
    refused_again: "Vous pouvez recommencer.", "You can start again.";
    identity_title: "Vous êtes connecté", "You are signed in";
    identity_text: "Voici ce que le service a reçu du courtier.", "This is what the service received from the broker.";
    identity_pivot: "Identité reçue", "Identity received";
    level_reached: "Niveau atteint :", "Level reached:";
    methods: "Moyens d'authentification :", "Means of authentication:";
    checks: "Ce que le courtier a vérifié", "What the broker checked";
    not_reached: "Ce qui n'a pas été regardé", "What was not looked at";
    logout: "Se déconnecter", "Sign out";
    abroad: "(né à l'étranger)", "(born abroad)";
    error_title: "La connexion a échoué", "The sign-in failed";
    error_text: "Le courtier refuse la réponse du fournisseur d'identité.", "The broker refuses the identity provider's answer.";
    code: "Code :", "Code:";
}

impl Texts {
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::Fr => &FR,
            Language::En => &EN,
        }
    }

    /// A claim in words; its own name if it has none.
    pub(crate) fn claim<'a>(&self, claim: &'a str) -> &'a str {
        const TABLE: &[(&str, &str, &str)] = &[
            ("given_name", "Prénoms", "Given names"),
            ("family_name", "Nom de naissance", "Birth name"),
            ("birthdate", "Date de naissance", "Date of birth"),
            ("gender", "Sexe", "Sex"),
            ("birthplace", "Lieu de naissance (code INSEE)", "Place of birth (INSEE code)"),
            ("birthcountry", "Pays de naissance (code INSEE)", "Country of birth (INSEE code)"),
            ("email", "Adresse électronique", "E-mail address"),
            ("preferred_username", "Nom d'usage", "Name in use"),
        ];
        let row = TABLE.iter().find(|(name, ..)| *name == claim);
        row.map_or(claim, |(_, fr, en)| if self.lang == FR.lang { fr } else { en })
    }
}

impl Check {
    /// The check in words.
    #[must_use]
    pub fn in_words(self, language: Language) -> &'static str {
        let (fr, en) = match self {
            Self::State => (
                "state : la réponse revient au navigateur qui a commencé",
                "state: the answer came back to the browser that began",
            ),
            Self::Issuer => {
                ("iss : la réponse vient de ce fournisseur", "iss: the answer is this provider's")
            }
            Self::IdTokenSignature => (
                "ID token : signature ES256 par une clé publiée",
                "ID token: ES256 signature by a published key",
            ),
            Self::IdTokenClaims => (
                "ID token : émetteur, destinataire et durée, sans tolérance ni nbf",
                "ID token: issuer, audience and expiry, without tolerance, no nbf",
            ),
            Self::Nonce => ("ID token : nonce de cette demande", "ID token: nonce of this request"),
            Self::AccessTokenHash => {
                ("ID token : at_hash du jeton d'accès reçu", "ID token: at_hash of the access token received")
            }
            Self::Level => {
                ("acr : niveau demandé ou plus haut, et convenu", "acr: the level asked or above, and agreed")
            }
            Self::Userinfo => (
                "userinfo : JWT signé ES256, émetteur et destinataire",
                "userinfo: JWT signed with ES256, issuer and audience",
            ),
            Self::Subject => ("userinfo : même sub que l'ID token", "userinfo: the same sub as the ID token"),
            Self::Rules => ("identité : forme de chaque attribut", "identity: the form of each attribute"),
            Self::Register => (
                "registre (simulé) : une seule personne, vivante, porte cette identité",
                "register (simulated): one person, alive, has this identity",
            ),
        };
        if language == Language::Fr { fr } else { en }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_comes_before_the_browser() {
        assert_eq!(Language::choose(Some("en"), Some("fr-FR,fr")), Language::En);
        assert_eq!(Language::choose(None, Some("de, en-GB;q=0.8, fr;q=0.5")), Language::En);
        assert_eq!(Language::choose(Some("xx"), None), Language::Fr);
        assert_eq!(Language::choose(Some("é"), Some("é")), Language::Fr);
    }
}
