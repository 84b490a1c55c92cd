//! The sentences of the virtual phone's page, in French and English.

use protocol::codes::Language;

macro_rules! texts {
    ($($name:ident: $fr:literal, $en:literal;)*) => {
        /// The sentences of one language.
        pub(super) struct PhoneTexts { $(pub(super) $name: &'static str,)* }
        const FR: PhoneTexts = PhoneTexts { $($name: $fr,)* };
        const EN: PhoneTexts = PhoneTexts { $($name: $en,)* };
    };
}

texts! {
    title: "Téléphone virtuel", "Virtual phone";
    intro: "Cette page joue le téléphone sur lequel le passeport de démonstration est inscrit. Un vrai téléphone lirait le code QR avec l'appareil photo.", "This page plays the phone on which the specimen passport is enrolled. A real phone would read the QR code with its camera.";
    handle: "Code de la page de connexion", "Code of the login page";
    handle_help: "Copiez le code affiché sous le code QR (ou sous le lien de l'application), ou l'adresse du lien.", "Copy the code shown under the QR code (or under the app link), or the address of the link.";
    open: "Lire la demande", "Read the request";
    waiting: "Demandes en attente", "Requests that wait";
    request_title: "Voulez-vous vous connecter ?", "Do you want to sign in?";
    check_first: "Lisez avant d'approuver : c'est ce que vos deux clés vont signer.", "Read before you approve: this is what your two keys will sign.";
    client: "Demandeur", "Asked by";
    level: "Niveau de garantie", "Level of assurance";
    attributes: "Attributs transmis", "Attributes passed on";
    browser: "Navigateur qui attend", "Browser that waits";
    network: "Réseau", "Network";
    same_network: "le navigateur et ce téléphone ont la même adresse publique", "browser and phone share a public address";
    other_network: "le navigateur et ce téléphone n'ont pas la même adresse publique", "browser and phone do not share a public address";
    confirm: "La page de connexion est bien devant moi", "The login page is in front of me";
    way: "Retour au navigateur", "Way back to the browser";
    way_qr: "un code à six chiffres, à saisir dans la page de connexion", "a six-digit code, to type into the login page";
    way_link: "un lien à ouvrir dans le navigateur qui attend", "a link to open in the browser that waits";
    time_left: "Temps restant", "Time left";
    number: "Les deux chiffres que le service affiche", "The two digits that the service shows";
    asked_title: "Demande approuvée", "Request approved";
    asked_text: "Le service qui vous a demandé l'apprend de lui-même.", "The service that asked you learns it by itself.";
    pin: "Code secret (six chiffres)", "PIN (six digits)";
    pin_demo: "Le code secret de cette démonstration :", "The PIN of this demonstration:";
    approve: "Approuver", "Approve";
    refuse: "Refuser", "Refuse";
    not_me: "Ce n'est pas moi", "It was not me";
    code_title: "Saisissez ce code dans la page de connexion", "Type this code into the login page";
    code_text: "Ne le dites à personne : il n'est fait que pour la page que vous avez ouverte vous-même.", "Tell it to nobody: it is for the page that you opened yourself.";
    link_title: "Revenez dans le navigateur qui attend", "Go back to the browser that waits";
    link_text: "Ce lien ne marche que dans le navigateur où vous avez commencé.", "This link works only in the browser in which you began.";
    link_action: "Continuer", "Continue";
    refused_title: "Demande refusée", "Request refused";
    refused: "Le navigateur qui attendait revient au service sans votre identité.", "The browser that waited goes back to the service without your identity.";
    gone_title: "Demande terminée", "Request finished";
    gone: "Cette demande n'attend plus : elle a expiré, ou une réponse lui a été donnée.", "This request no longer waits: it expired, or was answered.";
    again: "Lire une autre demande", "Read another request";
    failed: "Cela n'a pas marché :", "That did not work:";
    foreign: "Cette page ne répond qu'à ses propres formulaires.", "This page answers its own forms only.";
}

impl PhoneTexts {
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::Fr => &FR,
            Language::En => &EN,
        }
    }
}
