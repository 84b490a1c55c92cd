//! The sentences of the desk, in French and English.

use crate::http::pages::texts;

texts! {
    DeskTexts;
    title: "Guichet", "Desk";
    at: "Vous êtes à :", "You are at:";
    scan: "Code QR de la personne", "The person's QR code";
    scan_help: "Lisez avec le lecteur le code QR que montre le téléphone de la personne.", "Scan the QR code that the person's phone shows with the reader.";
    code_label: "Code à six chiffres de son téléphone (une minute)", "Six-digit code from her phone (one minute)";
    show: "Voir le portrait", "See the portrait";
    once: "Le portrait de la puce s'affiche une seule fois. Chaque consultation est enregistrée à votre nom.", "The portrait in the chip is shown once only. Each view is logged with your name.";
    compare_title: "Comparer", "Compare";
    portrait_alt: "Portrait enregistré dans la puce du document", "Portrait in the chip of the document";
    shown_before: "Le portrait a été montré ; il ne l'est pas une seconde fois.", "The portrait was shown; it is not shown again.";
    person: "Titulaire du document :", "Holder of the document:";
    born: "Date de naissance :", "Date of birth:";
    reasons: "Ce que vous avez comparé (au moins un)", "What you compared (one at least)";
    features: "Les traits : yeux, nez, bouche, oreilles", "The features: eyes, nose, mouth, ears";
    proportions: "La forme et les proportions du visage", "Shape and proportions of the face";
    marks: "Des marques : cicatrices, grains de beauté", "Marks: scars, moles";
    document: "Le document présenté", "The document presented";
    missing_reason: "Cochez ce que vous avez comparé.", "Tick what you compared.";
    wrong_code: "Ce code n'est pas le bon, ou sa minute est passée. Demandez-en un nouveau.", "This code is wrong, or its minute is over. Ask for a new one.";
    new_code: "Nouveau code de son téléphone, pour confirmer", "New code from her phone, to confirm";
    is_same: "C'est la même personne", "It is the same person";
    is_other: "Ce n'est pas la même personne", "It is not the same person";
    refused_title: "Cela n'est pas possible", "This is not possible";
    done_title: "Décision enregistrée", "Decision recorded";
    same: "La personne peut terminer sur son téléphone. Le portrait est effacé.", "The person can finish on her phone. The portrait is erased.";
    other: "L'inscription est close et tout ce qu'elle contenait est effacé.", "The enrolment is closed and everything in it is erased.";
    second: "Votre avis est enregistré. Un second agent doit maintenant comparer.", "Your finding is recorded. A second agent must compare now.";
    no_agent: "Votre identité n'est pas celle d'un agent. Pour le devenir, donnez ce nom à l'exploitant :", "Your identity is not an agent's. To become one, give this name to the operator:";
    level: "Un agent doit se connecter au niveau eidas2 ou plus.", "An agent must sign in at eidas2 or higher.";
    no_enrolment: "Ce code QR n'est pas celui d'une inscription qui attend un guichet.", "This QR code is not of an enrolment that waits for a desk.";
    own: "Personne ne décide de sa propre inscription.", "Nobody decides on her own enrolment.";
    code: "Ce code n'est pas le bon, ou sa minute est passée. Demandez-en un nouveau à la personne.", "This code is wrong, or its minute is over. Ask the person for a new one.";
    seen: "Vous avez déjà vu ce portrait, ou trop d'agents l'ont vu.", "You have seen this portrait already, or too many agents have.";
    not_seen: "Vous n'avez pas vu le portrait de cette inscription, ou vous avez déjà décidé.", "You have not seen the portrait of this enrolment, or have decided already.";
    next: "Personne suivante", "Next person";
}
