//! The code that was mailed: the virtual phone finds it in the demo's mail folder, or asks for it.

use std::collections::BTreeSet;
use std::fs;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// How often and how long the folder is looked at.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);
/// The longest mail that is looked at, in bytes.
const MAX_MAIL: u64 = 64 * 1024;

/// Where the code comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailCode {
    /// A folder in which each mail is a file (`mail.transport = "folder"`).
    Folder(PathBuf),
    /// A line on standard input.
    Asked,
}

/// The mails that were there before the phone asked for one.
pub(super) struct Before(BTreeSet<PathBuf>);

impl MailCode {
    /// Looks before the code is asked for.
    pub(super) fn before(&self) -> anyhow::Result<Before> {
        match self {
            Self::Folder(folder) => Ok(Before(mails(folder)?)),
            Self::Asked => Ok(Before(BTreeSet::new())),
        }
    }

    /// The code in the newest mail to `email`, or what is typed.
    pub(super) fn read(&self, before: &Before, email: &str) -> anyhow::Result<String> {
        match self {
            Self::Folder(folder) => in_folder(folder, before, email),
            Self::Asked => {
                let mut line = String::new();
                let length = std::io::stdin().lock().read_line(&mut line).context("standard input")?;
                ensure!(length > 0, "no code on standard input");
                Ok(line.trim().to_owned())
            }
        }
    }
}

fn mails(folder: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let at = || folder.display().to_string();
    let entries = fs::read_dir(folder).with_context(at)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<BTreeSet<_>, _>>();
    Ok(paths
        .with_context(at)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .collect())
}

fn in_folder(folder: &Path, before: &Before, email: &str) -> anyhow::Result<String> {
    for _ in 0..LOOKS {
        for path in mails(folder)?.difference(&before.0) {
            let length = fs::metadata(path).with_context(|| path.display().to_string())?.len();
            ensure!(length <= MAX_MAIL, "{}: too long for a mail with a code", path.display());
            let mail = fs::read(path).with_context(|| path.display().to_string())?;
            if let Some(code) = code_of(&String::from_utf8_lossy(&mail), email) {
                return Ok(code);
            }
        }
        std::thread::sleep(PAUSE);
    }
    bail!("{}: no mail with a code arrived", folder.display())
}

/// The first six digits in a row in the text of a mail to `email`.
fn code_of(mail: &str, email: &str) -> Option<String> {
    let (head, body) = mail.split_once("\r\n\r\n")?;
    let header = |name: &str| {
        head.lines().find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)))
    };
    let (_, to) = header("To")?;
    let recipient = to.rsplit('<').next().unwrap_or(to).trim_end_matches('>');
    if !recipient.eq_ignore_ascii_case(email) {
        return None;
    }
    let base64 = header("Content-Transfer-Encoding").is_some_and(|(_, value)| value == "base64");
    let text = if base64 {
        let joined: String = body.split_whitespace().collect();
        String::from_utf8(BASE64_STANDARD.decode(joined).ok()?).ok()?
    } else {
        // Quoted-printable leaves digits and letters as they are, but for the ends of its lines.
        body.replace("=\r\n", "")
    };
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMAIL: &str = "anna@example.org";

    fn mail(to: &str, encoding: &str, body: &str) -> String {
        format!(
            "From: x@y\r\nTo: {to}\r\nSubject: 111111\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}"
        )
    }

    #[test]
    fn the_code_is_found_in_every_encoding_of_a_mail() {
        let text = "Votre code : 123456\r\n\r\nNe le donnez à personne.";
        let lines: Vec<String> = BASE64_STANDARD
            .encode(text)
            .as_bytes()
            .chunks(20)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();
        for (encoding, body) in [
            ("8bit", text.to_owned()),
            ("7bit", text.replace('à', "a")),
            ("quoted-printable", text.replace('à', "=C3=A0").replace("123456", "123=\r\n456")),
            ("base64", lines.join("\r\n")),
        ] {
            assert_eq!(
                code_of(&mail(EMAIL, encoding, &body), EMAIL).as_deref(),
                Some("123456"),
                "{encoding}"
            );
        }
    }

    #[test]
    fn mails_to_others_and_other_numbers_are_passed_over() {
        let code = |to, body| code_of(&mail(to, "7bit", body), EMAIL);
        assert_eq!(code("Anna <ANNA@example.org>", "code: 123456.").as_deref(), Some("123456"));
        assert_eq!(code("bob@example.org", "code: 123456."), None);
        assert_eq!(code(EMAIL, "1234567 a123456 12345"), None);
        assert_eq!(code_of("no mail", EMAIL), None);
    }

    #[test]
    fn only_a_mail_that_came_since_counts() {
        let folder = tempfile::tempdir().unwrap();
        let source = MailCode::Folder(folder.path().to_owned());
        let write = |name: &str, code: &str| {
            fs::write(folder.path().join(name), mail(EMAIL, "7bit", code)).unwrap();
        };
        write("1.eml", "111112");
        let before = source.before().unwrap();
        write("2.eml", "222223");
        write("3.txt", "333334");
        assert_eq!(source.read(&before, EMAIL).unwrap(), "222223");
        assert!(MailCode::Folder(folder.path().join("absent")).before().is_err());
    }
}
