//! What the virtual phone prints, in French and English.

macro_rules! words {
    ($($name:ident: $fr:literal, $en:literal;)*) => {
        /// The sentences of one language.
        pub(super) struct Words { $(pub(super) $name: &'static str,)* }
        const FR: Words = Words { $($name: $fr,)* };
        const EN: Words = Words { $($name: $en,)* };
    };
}

words! {
    server: "Serveur", "Server";
    demo: "environnement de démonstration : ce qui est vérifié est réel, ce qui est cru ne l'est pas", "demo environment: what is checked is real, what is trusted is not";
    accepted: "documents acceptés :", "documents accepted:";
    age: "âge minimal :", "minimum age:";
    keys: "Clés du téléphone", "Keys of the phone";
    keys_made: "une clé d'appareil et une clé de durcissement du code secret, attestées ensemble sur le défi du serveur (chaînes Android Key Attestation sous la racine de démonstration)", "a device key and a PIN hardening key, attested together over the server's challenge (Android Key Attestation chains under the demo root)";
    keys_accepted: "le serveur a vérifié les deux chaînes ; chaque demande suivante est signée et numérotée", "the server verified both chains; every further request is signed and numbered";
    consents: "Accords", "Consents";
    version: "version", "version";
    email: "Adresse électronique", "E-mail address";
    code_sent: "un code à six chiffres a été envoyé à", "a six-digit code was sent to";
    code_asked: "Code reçu :", "Code received:";
    code_right: "le code est le bon : adresse vérifiée", "the code is right: address verified";
    chip: "Puce du document", "Chip of the document";
    channel: "canal ouvert avec la zone MRZ :", "channel opened with the MRZ:";
    bytes_read: "octets lus, reçus par le serveur", "bytes read, received by the server";
    proving: "preuve demandée à la puce :", "proof asked of the chip:";
    lost: "contact perdu, le document est reposé", "the chip was lost, the document is held again";
    document: "Document, jugé par le serveur", "Document, judged by the server";
    identity: "Identité qui serait transmise", "Identity that would be asserted";
    proved: "prouvé par la puce", "proved by the chip";
    declared: "déclaré", "declared";
    face: "Visage", "Face";
    face_engine: "moteur de démonstration, dans son propre processus : il ne compare rien, et le dit dans son résultat signé :", "the demo's engine, in its own process: it compares nothing, and says so in its signed result:";
    face_step: "pas demandé et montré :", "step asked and shown:";
    frames: "images", "frames";
    desk_ticket: "code QR pour l'agent du guichet :", "QR code for the agent at the desk:";
    desk_code: "code à donner à l'agent, valable une minute :", "code to give to the agent, good for one minute:";
    desk_decided: "l'agent a reconnu le titulaire ; le portrait est effacé", "the agent found that it is the holder; the portrait is erased";
    seal: "Scellement", "Seal";
    sealed: "la clé d'appareil et la clé du code secret ont signé la transcription : fichiers, preuves de la puce, décision sur le titulaire, accords", "the device key and the PIN key signed the transcript: files, proofs of the chip, decision on the holder, consents";
    replaced: "ce document était déjà inscrit : ce téléphone remplace l'ancien", "this document was enrolled before: this phone replaces the earlier one";
    device: "appareil", "device";
    level: "niveau", "level";
    state: "état", "state";
    recovery: "fiche de récupération, montrée une seule fois", "recovery sheet, shown once";
    given_up: "inscription abandonnée : le serveur a effacé ce qu'il en avait", "enrolment given up: the server erased what it had of it";
    unanswered: "le serveur n'a pas répondu au scellement : le compte existe peut-être ; une connexion le montre, avec les clés gardées dans ce dossier (--state)", "the server did not answer the seal: the account may exist; a login shows it, with the keys kept in this folder (--state)";
    asked_by: "demandeur", "asked by";
    attributes: "attributs", "attributes";
    browser: "navigateur", "browser";
    network: "réseau", "network";
    same_network: "le navigateur et ce téléphone ont la même adresse publique", "browser and phone share a public address";
    other_network: "le navigateur et ce téléphone n'ont PAS la même adresse publique", "browser and phone do NOT share a public address";
    in_front: "La page de connexion est-elle devant vous ? [o/N]", "Is the login page in front of you? [y/N]";
    not_confirmed: "la page n'a pas été confirmée", "the page was not confirmed";
    started: "commencée à", "began at";
    until: "à répondre avant", "to be answered before";
    way: "retour", "way back";
    way_qr: "code à six chiffres, à saisir dans la page", "six-digit code, to type into the page";
    way_asked: "les deux chiffres que montre le service, à saisir ici (--number)", "the two digits that the service shows, to type here (--number)";
    no_browser: "un service a demandé sans navigateur", "a service asked without a browser";
    way_link: "lien, à ouvrir dans le navigateur qui attend", "link, to open in the browser that waits";
    refused: "refusé", "refused";
    refused_not_me: "refusé : ce n'était pas moi", "refused: it was not me";
    colon: " :", ":";
    passed: "vérifié", "passed";
    skipped: "sans objet", "skipped";
    deviation: "écart toléré", "deviation";
    failed: "échec", "failed";
}

impl Words {
    /// The sentences of a language, `fr` or `en`.
    pub(super) fn of(language: &str) -> &'static Self {
        if language == "fr" { &FR } else { &EN }
    }

    /// A line of the server, `passed: sentence`, with the result in this language.
    pub(super) fn check(&self, line: &str) -> String {
        let Some((result, sentence)) = line.split_once(": ") else { return line.to_owned() };
        let result = match result {
            "passed" => self.passed,
            "skipped" => self.skipped,
            "deviation" => self.deviation,
            "failed" => self.failed,
            other => other,
        };
        format!("{result}{} {sentence}", self.colon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_told_in_the_language() {
        assert_eq!(Words::of("fr").check("passed: la signature"), "vérifié : la signature");
        assert_eq!(Words::of("en").check("new: result"), "new: result");
        assert_eq!(Words::of("en").check("nothing"), "nothing");
    }
}
