//! What the demo prints, in French and English.

macro_rules! words {
    ($($name:ident: $fr:literal, $en:literal;)*) => {
        /// The sentences of one language.
        pub(super) struct Words { $(pub(super) $name: &'static str,)* }
        const FR: Words = Words { $($name: $fr,)* };
        const EN: Words = Words { $($name: $en,)* };
    };
}

words! {
    tag: "fr", "en";
    title: "Sceau, démonstration : l'État, le passeport, la personne et le téléphone sont inventés, les vérifications sont réelles.", "Sceau, demonstration: the State, the passport, the person and the phone are made up, the checks are real.";
    folder: "Dossier :", "Folder:";
    keep: "Pour le reprendre :", "To resume it:";
    state: "Un État et un passeport", "A State and a passport";
    state_made: "Nouveaux : un CSCA, un signataire de documents et un spécimen, datés d'aujourd'hui.", "New ones: a CSCA, a document signer and a specimen, dated from today.";
    state_kept: "Ceux du dossier.", "Those of the folder.";
    files: "Dans la puce :", "In the chip:";
    verify: "Pour le juger sans serveur :", "To judge it without a server:";
    running: "Ce qui tourne", "What runs";
    fi: "le fournisseur d'identité", "the identity provider";
    broker: "le courtier et le service de démonstration", "the broker and the demo service";
    chip: "le passeport, APDU sur TCP", "the passport, APDUs over TCP";
    enrolment: "Inscription, par le téléphone virtuel", "Enrolment, by the virtual phone";
    enrolled: "Le téléphone du dossier est déjà inscrit.", "The phone of the folder is enrolled already.";
    login: "Connexion par le courtier, sans navigateur", "Sign-in through the broker, without a browser";
    login_page: "Page de connexion :", "Login page:";
    phone_shows: "Le téléphone montre la demande de", "The phone shows the request of";
    attributes: "Attributs transmis :", "Attributes passed on:";
    approved: "Approuvé par les deux clés du téléphone ; code saisi dans la page :", "Approved by both keys of the phone; code typed into the page:";
    checked: "Le courtier a vérifié :", "The broker checked:";
    claims: "Ce que le service a reçu", "What the service received";
    open: "À ouvrir dans un navigateur", "To open in a browser";
    open_service: "1. le service de démonstration :", "1. the demo service:";
    open_phone: "2. le téléphone virtuel, à côté :", "2. the virtual phone, beside it:";
    pin: "Code secret du téléphone virtuel :", "PIN of the virtual phone:";
    or_command: "Ou, au lieu de 2 :", "Or, in place of 2:";
    stop: "Ctrl-C pour arrêter.", "Ctrl-C to stop.";
    stopped: "Arrêté.", "Stopped.";
}

impl Words {
    /// The sentences of a language.
    pub(super) fn of(french: bool) -> &'static Self {
        if french { &FR } else { &EN }
    }
}
