//! The sentences of the pages, in French and English.

use identity::Level;

/// Makes a type of sentences, and one value of it in each language.
macro_rules! texts {
    ($type:ident; $($name:ident: $fr:literal, $en:literal;)*) => {
        /// The sentences of one language.
        #[derive(Clone, Copy, Debug)]
        pub struct $type { $(#[doc = $en] pub $name: &'static str,)* }
        /// French.
        const FR: $type = $type { $($name: $fr,)* };
        /// English.
        const EN: $type = $type { $($name: $en,)* };

        impl $type {
            /// The sentences of a language.
            #[must_use]
            pub fn of(language: protocol::codes::Language) -> &'static Self {
                match language {
                    protocol::codes::Language::Fr => &FR,
                    protocol::codes::Language::En => &EN,
                }
            }
        }
    };
}
pub(crate) use texts;

texts! {
    Texts;
    lang: "fr", "en";
    other_lang: "en", "fr";
    other_name: "English", "Français";
    languages: "Langue", "Language";
    skip: "Aller au contenu", "Skip to content";
    demo: "Démonstration.", "Demonstration.";
    demo_detail: "Les identités et les téléphones de ce serveur ne sont pas vérifiés : ne vous y fiez pas.", "The identities and phones of this server are not verified: do not rely on them.";
    login_title: "Se connecter à", "Sign in to";
    approve_title: "Approuvez avec votre téléphone", "Approve with your phone";
    time_left: "Temps restant :", "Time left:";
    qr_title: "Avec votre téléphone", "With your phone";
    qr_text: "Ouvrez l'application Sceau sur votre téléphone et scannez ce code.", "Open the Sceau app on your phone and scan this code.";
    qr_label: "Code QR à scanner avec l'application Sceau", "QR code to scan with the Sceau app";
    qr_fallback: "Vous ne pouvez pas scanner ? Saisissez dans l'application :", "You cannot scan? Type into the app:";
    link_title: "L'application est sur cet appareil", "The app is on this device";
    link_text: "L'application vous ramènera dans ce navigateur.", "The app will bring you back to this browser.";
    link_action: "Ouvrir l'application Sceau", "Open the Sceau app";
    link_fallback: "Ou saisissez dans l'application de cet appareil :", "Or type into the app on this device:";
    refreshes: "Cette page s'actualise toute seule.", "This page reloads by itself.";
    refresh: "Actualiser maintenant", "Refresh now";
    reload_off: "Ne pas actualiser toute seule", "Do not reload by itself";
    reload_on: "Actualiser toute seule", "Reload by itself";
    still: "Cette page attend sans s'actualiser. Après avoir approuvé sur votre téléphone :", "This page waits without reloading. Once you have approved on your phone:";
    claimed_title: "Continuez sur votre téléphone", "Go on with your phone";
    claimed: "Vérifiez la demande dans l'application, puis saisissez votre code secret.", "Check the request in the app, then enter your PIN.";
    attributes_title: "Ce qui sera transmis", "What will be passed on";
    choose_link: "Choisir ce qui est transmis", "Choose what is passed on";
    choose_title: "Choisissez ce qui est transmis", "Choose what is passed on";
    choose_text: "Faites ce choix avant de scanner le code : votre téléphone vous montrera ce que vous avez gardé.", "Choose before you scan the code: your phone will show you what you kept.";
    choose_needed: "Nécessaire à", "Needed by";
    choose_optional: "Facultatif : décochez ce que vous ne voulez pas transmettre", "Optional: untick what you do not want to pass on";
    choose_action: "Enregistrer et continuer", "Save and go on";
    choose_back: "Revenir sans rien changer", "Go back without a change";
    level: "Niveau de garantie :", "Level of assurance:";
    back_to: "Annuler et revenir à", "Cancel and return to";
    release_title: "Saisissez le code affiché sur votre téléphone", "Type the code that your phone shows";
    release_label: "Code à six chiffres", "Six-digit code";
    release_help: "Seulement si vous avez ouvert cette page vous-même. Ne donnez ce code à personne : qui vous le demande veut se connecter à votre place.", "Only if you opened this page yourself. Give this code to nobody: whoever asks you for it wants to sign in as you.";
    release_action: "Continuer", "Continue";
    release_wrong: "Ce code n'est pas le bon.", "This code is wrong.";
    tries_left: "Essais restants :", "Tries left:";
    follow_title: "Continuez dans l'application", "Go on in the app";
    follow: "Vous avez approuvé sur cet appareil : l'application ouvre la suite dans ce navigateur.", "You approved on this device: the app opens the next page in this browser.";
    timeout_title: "Le temps est écoulé", "Time is up";
    timeout: "La demande de connexion a expiré. Vous pouvez recommencer.", "The request to sign in has expired. You can start again.";
    start_again: "Recommencer", "Start again";
    done_title: "Connexion terminée", "Signed in";
    done: "Cette connexion est terminée. Vous pouvez fermer cette page.", "This sign-in is finished. You can close this page.";
    error_title: "Cette page ne peut pas s'ouvrir", "This page cannot be opened";
    other_browser_title: "Ce n'est pas le navigateur qui a commencé", "This is not the browser that began";
    other_browser: "Revenez dans le navigateur et sur l'appareil où vous avez commencé, et recommencez là si la page n'y est plus. Si vous n'avez rien commencé, fermez cette page : quelqu'un essaie peut-être de se servir de vous.", "Go back to the browser and device where you began, and start again there if the page is gone. If you began nothing, close this page: somebody may be trying to make use of you.";
    request_error: "Le service qui vous envoie ici a fait une demande que nous ne pouvons pas accepter. Revenez au service et recommencez.", "The service that sent you here made a request that we cannot accept. Go back to the service and start again.";
    logout_title: "Vous êtes déconnecté", "You are signed out";
    logout: "Rien n'est gardé dans ce navigateur : chaque connexion se fait de nouveau avec votre téléphone.", "Nothing is kept in this browser: each sign-in is done anew with your phone.";
    app_title: "Ouvrez l'application Sceau", "Open the Sceau app";
    app: "Cette adresse est faite pour l'application Sceau, sur un téléphone inscrit. N'y allez que si vous avez vous-même commencé une connexion.", "This address is meant for the Sceau app on an enrolled phone. Go there only if you began a sign-in yourself.";
    app_get: "Obtenir l'application", "Get the app";
    app_virtual: "Ouvrir le téléphone virtuel", "Open the virtual phone";
    sign_in_title: "Entrez dans votre espace", "Enter your space";
    sign_in_text: "Vous entrez avec votre téléphone, comme pour une connexion : il affichera « Sceau ». Gardez-le à portée de main.", "You enter with your phone, as for any sign-in: it will show “Sceau”. Keep it at hand.";
    sign_in_action: "Continuer avec mon téléphone", "Go on with my phone";
    sign_in_refused: "Vous n'êtes pas entré : la demande a été refusée ou a trop tardé.", "You did not enter: the request was refused or took too long.";
    account_notice: "Votre compte : connexions, téléphones, pause, blocage, corrections, suppression.", "Your account: connections, phones, pause, block, corrections, deletion.";
    desk_notice: "Le guichet : réservé aux agents habilités.", "The desk: for authorised agents only.";
    form_title: "Ce formulaire n'a pas pu être pris en compte", "This form could not be taken";
    form_refused: "Il vient d'une autre page, ou votre session a changé. Rien n'a été modifié. Revenez à la page précédente, actualisez-la et recommencez.", "It comes from another page, or your session has changed. Nothing was changed. Go back to the page before, refresh it and try again.";
    footer: "Aide et informations", "Help and information";
    help_link: "Aide", "Help";
    account_link: "Votre compte", "Your account";
    recovery_link: "Sans votre téléphone", "Without your phone";
    privacy_link: "Vie privée et conditions", "Privacy and terms";
    accessibility_link: "Accessibilité", "Accessibility";
    support_link: "Support", "Support";
    home_title: "Votre identité, dans votre téléphone", "Your identity, in your phone";
    operated_by: "Ce service est assuré par", "This service is run by";
    documents_title: "Les textes", "The texts";
    no_identity: "Pas encore d'identité ?", "No identity yet?";
    create: "La créer avec l'application", "Create it with the app";
    code: "Code :", "Code:";
    version: "Version", "Version";
}

impl Texts {
    fn is_french(&self) -> bool {
        self.lang == FR.lang
    }

    /// A level in words.
    #[must_use]
    pub fn level_in_words(&self, level: Level) -> &'static str {
        match (level, self.is_french()) {
            (Level::Eidas1, true) => "faible (eidas1)",
            (Level::Eidas1, false) => "low (eidas1)",
            (Level::Eidas2, true) => "substantiel (eidas2)",
            (Level::Eidas2, false) => "substantial (eidas2)",
            (Level::Eidas3, true) => "élevé (eidas3)",
            (Level::Eidas3, false) => "high (eidas3)",
        }
    }

    /// A claim in words; its own name if it has none.
    #[must_use]
    pub fn claim_in_words<'a>(&self, claim: &'a str) -> &'a str {
        const TABLE: &[(&str, &str, &str)] = &[
            ("family_name", "nom de naissance", "birth name"),
            ("given_name", "prénoms", "given names"),
            ("gender", "sexe", "sex"),
            ("birthdate", "date de naissance", "date of birth"),
            ("birthplace", "lieu de naissance", "place of birth"),
            ("birthcountry", "pays de naissance", "country of birth"),
            ("email", "adresse électronique", "e-mail address"),
            ("preferred_username", "nom d'usage", "name in use"),
            ("sub", "un identifiant propre à ce service", "an identifier for this service"),
        ];
        let row = TABLE.iter().find(|(name, ..)| *name == claim);
        row.map_or(claim, |(_, fr, en)| if self.is_french() { fr } else { en })
    }
}
