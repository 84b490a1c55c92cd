//! What a deployer does about each refusal: the page of an error says so beside what failed.

use openidconnect::{ClaimsVerificationError, SignatureVerificationError};

use crate::{BrokerError, Language};

impl BrokerError {
    /// What to look at in the provider's configuration, or in this broker's.
    #[must_use]
    pub fn advice(&self, language: Language) -> &'static str {
        let (fr, en) = self.advices();
        if language == Language::Fr { fr } else { en }
    }

    fn advices(&self) -> (&'static str, &'static str) {
        match self {
            Self::Config(_) => {
                ("Corrigez les options de cette commande.", "Correct the options of this command.")
            }
            Self::Discovery(_) => (
                "Ouvrez ISSUER/.well-known/openid-configuration : il doit répondre, et son issuer être mot pour mot celui de --issuer.",
                "Open ISSUER/.well-known/openid-configuration: it must answer, and its issuer be the one of --issuer, character for character.",
            ),
            Self::CallbackMalformed | Self::CodeMissing => (
                "Le retour porte une seule fois code et state, ou error et state, dans la query de redirect_uri.",
                "The way back carries code and state, or error and state, each once, in the query of redirect_uri.",
            ),
            Self::StateMissing | Self::StateWrong => (
                "Le fournisseur rend state tel qu'il l'a reçu, dans les erreurs aussi ; la connexion finit dans le navigateur qui l'a commencée.",
                "The provider returns state as it came, in errors too; a login ends in the browser that began it.",
            ),
            Self::SessionOver => (
                "Recommencez : le courtier attend dix minutes. Le fournisseur doit expirer avant.",
                "Start again: the broker waits ten minutes. The provider must time out before.",
            ),
            Self::IssuerMissing | Self::IssuerWrong => (
                "Les métadonnées annoncent iss : il est dans chaque retour, erreurs comprises, égal à l'issuer.",
                "The metadata announce iss: it stands in each way back, errors too, equal to the issuer.",
            ),
            Self::Provider(code) => match code.as_str() {
                "unmet_authentication_requirements" => (
                    "Le niveau demandé (--acr) est permis à ce client (acr) et la personne l'atteint.",
                    "Allow this client the level asked (--acr) in its acr; the person must reach it.",
                ),
                "invalid_scope" => (
                    "Permettez à ce client les six scopes : openid profile email preferred_username birthplace birthcountry.",
                    "Allow this client the six scopes: openid profile email preferred_username birthplace birthcountry.",
                ),
                "temporarily_unavailable" => (
                    "Si les jetons sont chiffrés, le fournisseur doit joindre le jwks_uri de ce courtier. Son journal dit la suite.",
                    "If tokens are encrypted the provider must reach this broker's jwks_uri. Its log says more.",
                ),
                "access_denied" => {
                    ("La personne a refusé ; recommencez.", "The person refused; start again.")
                }
                _ => (
                    "Le journal du fournisseur dit pourquoi ; le courtier n'envoie ni PKCE, ni request, ni claims.",
                    "The provider's log says why; the broker sends no PKCE, no request object, no claims.",
                ),
            },
            Self::Token(text) => match text.as_str() {
                "invalid_client" => (
                    "client_id et secret sont les mêmes des deux côtés, et le client est enregistré en client_secret_post.",
                    "Use the same client_id and secret on both sides, and register the client with client_secret_post.",
                ),
                "invalid_grant" => (
                    "Le code sert une fois, 30 secondes, pour la redirect_uri de la demande : vérifiez l'horloge et l'URI enregistrée.",
                    "A code serves once, for 30 seconds, for the redirect_uri of the request: look at the clock and at the URI registered.",
                ),
                _ => (
                    "Le point de jetons répond 200 en JSON, sans redirection, avec access_token, token_type Bearer et id_token (imbriqué si --encrypted).",
                    "The token endpoint answers 200 in JSON, without redirect, with access_token, token_type Bearer and id_token (nested with --encrypted).",
                ),
            },
            Self::IdToken(error) => id_token(error),
            Self::AuthorizedParty => (
                "Laissez azp de côté, ou mettez-y le client_id du courtier.",
                "Leave azp out, or put the broker's client_id into it.",
            ),
            Self::AccessTokenHash => (
                "at_hash est la moitié gauche du SHA-256 de l'access_token rendu, en base64url.",
                "at_hash is the left half of the SHA-256 of the access_token returned, in base64url.",
            ),
            Self::NotBefore(_) => (
                "Ne mettez pas nbf : FranceConnect le compare sans tolérance d'horloge.",
                "Do not send nbf: FranceConnect compares it without tolerance of clocks.",
            ),
            Self::AcrMissing | Self::AcrTooLow { .. } => (
                "acr, dans l'ID token, est le niveau demandé ou plus haut ; sinon répondez par une erreur OAuth.",
                "acr, in the ID token, is the level asked or above; otherwise answer with an OAuth error.",
            ),
            Self::AcrNotAgreed(_) => (
                "Répondez un niveau convenu, ou donnez-le ici à --agreed.",
                "Answer a level that was agreed, or name it here in --agreed.",
            ),
            Self::Userinfo(_) => (
                "userinfo répond en application/jwt, signé ES256 par une clé publiée, iss et aud justes, imbriqué si --encrypted ; chez Sceau : signing_algorithm = \"ES256\", userinfo = \"jwt\".",
                "userinfo answers as application/jwt, signed with ES256 by a published key, with the right iss and aud, nested with --encrypted; in Sceau: signing_algorithm = \"ES256\", userinfo = \"jwt\".",
            ),
            Self::UserinfoSubject | Self::Subject => (
                "sub est le même dans l'ID token et dans userinfo, en ASCII, et ne change jamais pour une personne.",
                "sub is the same in the ID token and in userinfo, in ASCII, and never changes for a person.",
            ),
            Self::Claim(claim) => attribute(claim),
            Self::Register(..) => (
                "Le registre simulé répond d'après la fin du prénom (_E010008 ..) : sans ce suffixe il reconnaît la personne.",
                "The simulated register answers by the end of the given name (_E010008 ..): without it the person is known.",
            ),
        }
    }
}

fn id_token(error: &ClaimsVerificationError) -> (&'static str, &'static str) {
    use ClaimsVerificationError as E;
    match error {
        E::SignatureVerification(SignatureVerificationError::DisallowedAlg(_)) => (
            "Signez l'ID token en ES256 : signing_algorithm du client, et id_token_signing_alg_values_supported des métadonnées.",
            "Sign the ID token with ES256: signing_algorithm of the client, and id_token_signing_alg_values_supported of the metadata.",
        ),
        E::SignatureVerification(_) => (
            "La clé de l'ID token est dans jwks_uri, avec le même kid, use sig et alg ES256.",
            "The key of the ID token stands in jwks_uri, with the same kid, use sig and alg ES256.",
        ),
        E::Expired(_) => (
            "Réglez l'horloge des deux machines : exp est dans le futur, sans tolérance.",
            "Set the clocks of both machines: exp lies in the future, without tolerance.",
        ),
        E::InvalidAudience(_) => {
            ("aud est le client_id du courtier, seul.", "aud is the broker's client_id, and nothing else.")
        }
        E::InvalidIssuer(_) => (
            "iss est l'issuer des métadonnées, mot pour mot.",
            "iss is the issuer of the metadata, character for character.",
        ),
        E::InvalidNonce(_) => {
            ("Rendez le nonce de la demande, tel quel.", "Return the nonce of the request as it came.")
        }
        _ => (
            "L'ID token a iss, sub, aud, exp, iat, nonce et acr.",
            "The ID token has iss, sub, aud, exp, iat, nonce and acr.",
        ),
    }
}

fn attribute(claim: &str) -> (&'static str, &'static str) {
    match claim {
        "given_name" | "family_name" => (
            "Le nom est un texte de 1 à 256 caractères, sans étiquette de langue ; le scope profile est permis au client.",
            "The name is a text of 1 to 256 characters without a language tag; allow the client the scope profile.",
        ),
        "birthdate" => {
            ("AAAA-MM-JJ, ou 00 pour ce qui est inconnu.", "YYYY-MM-DD, with 00 for what is unknown.")
        }
        "gender" => ("female, male ou unspecified.", "female, male or unspecified."),
        "birthcountry" => (
            "Le code INSEE du pays, cinq caractères : 99100 pour la France ; le scope birthcountry est permis au client.",
            "The INSEE code of the country, five characters: 99100 for France; allow the client the scope birthcountry.",
        ),
        "birthplace" => (
            "Le code INSEE de la commune, cinq caractères, si la naissance est en France ; le scope birthplace est permis au client.",
            "The INSEE code of the commune, five characters, for a birth in France; allow the client the scope birthplace.",
        ),
        _ => (
            "Une adresse électronique avec un domaine à point ; le scope email est permis au client.",
            "An e-mail address with a dotted domain; allow the client the scope email.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_algorithm_names_the_key_of_the_configuration() {
        let error = SignatureVerificationError::DisallowedAlg("RS256".into());
        let error = BrokerError::IdToken(ClaimsVerificationError::SignatureVerification(error));
        for language in [Language::Fr, Language::En] {
            assert!(
                error.advice(language).contains("ES256")
                    && error.advice(language).contains("signing_algorithm")
            );
        }
    }
}
