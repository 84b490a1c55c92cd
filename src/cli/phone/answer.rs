//! Logins, answered by the virtual phone of a folder.

use std::io::{BufRead as _, IsTerminal as _, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clock::UnixTime;
use mobile_bridge::{ApprovedLogin, LoginClient, LoginRequest};
use serde_json::json;

use super::state::{self, Sequence};
use super::words::Words;

/// The enrolled phone of a folder, at its server.
///
/// # Errors
/// No enrolled phone is there.
pub fn login_client(state_dir: &Path, language: &str) -> anyhow::Result<Arc<LoginClient>> {
    client_at(state_dir, None, language)
}

/// The same at another address of the server.
pub(super) fn client_at(
    state_dir: &Path,
    server: Option<&str>,
    language: &str,
) -> anyhow::Result<Arc<LoginClient>> {
    let (record, keys) = state::load(state_dir)?;
    let (keys, counter) = (Arc::new(keys), Arc::new(Sequence::of(state_dir)));
    let server = server.unwrap_or(&record.server);
    Ok(LoginClient::new(server, language, &record.issuer, keys.clone(), keys, counter)?)
}

/// Claims the login behind a handle, shows it, and approves it.
///
/// # Errors
/// [`mobile_bridge::BridgeError`]; or a person who sees another page.
pub fn approve(
    client: &LoginClient,
    handle: &str,
    pin: &str,
    language: &str,
    out: &mut dyn Write,
) -> anyhow::Result<ApprovedLogin> {
    let words = Words::of(language);
    let request = client.claim(handle)?;
    show(&request, words, out)?;
    if !request.same_network {
        confirm(words, out)?;
    }
    Ok(client.approve(&request.login_id, pin)?)
}

/// Claims the login behind a handle, and refuses it.
///
/// # Errors
/// [`mobile_bridge::BridgeError`].
pub fn refuse(
    client: &LoginClient,
    handle: &str,
    not_me: bool,
    language: &str,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let words = Words::of(language);
    let request = client.claim(handle)?;
    show(&request, words, out)?;
    client.refuse(&request.login_id, not_me)?;
    writeln!(out, "{}", if not_me { words.refused_not_me } else { words.refused })?;
    Ok(())
}

/// Shows the logins that services asked for without a browser; approves the oldest if PIN and number were `typed`.
///
/// # Errors
/// [`mobile_bridge::BridgeError`].
pub(super) fn asked(
    client: &LoginClient,
    typed: Option<(&str, &str)>,
    language: &str,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for request in client.pending()?.iter().filter(|request| request.kind == "asked") {
        show(request, Words::of(language), out)?;
        if let Some((pin, number)) = typed {
            return Ok(client.approve_asked(&request.login_id, pin, number)?);
        }
    }
    Ok(())
}

/// What a person reads before she decides (docs/protocols.md, section 6.4).
pub(super) fn show(request: &LoginRequest, words: &Words, out: &mut dyn Write) -> std::io::Result<()> {
    let (network, way) = match request.kind.as_str() {
        "asked" => (words.no_browser, words.way_asked),
        kind => (
            if request.same_network { words.same_network } else { words.other_network },
            if kind == "qr" { words.way_qr } else { words.way_link },
        ),
    };
    for (name, value) in [
        (words.asked_by, format!("{} ({})", request.client_name, request.notice)),
        (words.level, request.acr.clone()),
        (words.attributes, request.claims.join(", ")),
        (words.browser, request.browser.clone()),
        (words.started, UnixTime(request.started_at).to_string()),
        (words.until, UnixTime(request.expires_at).to_string()),
        (words.network, network.to_owned()),
        (words.way, way.to_owned()),
    ] {
        writeln!(out, "{name}{} {value}", words.colon)?;
    }
    Ok(())
}

/// The same for programs.
pub(super) fn show_json(request: &LoginRequest) -> serde_json::Value {
    json!({
        "login_id": request.login_id,
        "kind": request.kind,
        "client_name": request.client_name,
        "notice": request.notice,
        "acr": request.acr,
        "claims": request.claims,
        "browser": request.browser,
        "same_network": request.same_network,
        "started_at": request.started_at,
        "expires_at": request.expires_at,
    })
}

/// A browser elsewhere may be somebody else's: the person at a terminal is asked. A script has said by its command that
/// it knows the page.
fn confirm(words: &Words, out: &mut dyn Write) -> anyhow::Result<()> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(());
    }
    write!(out, "{} ", words.in_front)?;
    out.flush()?;
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("standard input")?;
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" | "o" | "oui" => Ok(()),
        _ => bail!(words.not_confirmed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_shown_whole() {
        let request = LoginRequest {
            login_id: "l".into(),
            kind: "qr".into(),
            client_name: "FranceConnect".into(),
            notice: "it shows the service".into(),
            acr: "eidas2".into(),
            claims: vec!["email".into(), "sub".into()],
            browser: "Firefox on Linux".into(),
            same_network: false,
            started_at: 1_800_000_000,
            expires_at: 1_800_000_180,
        };
        let mut out = Vec::new();
        show(&request, Words::of("en"), &mut out).unwrap();
        let expected = "asked by: FranceConnect (it shows the service)\nlevel: eidas2\nattributes: email, sub\n\
                        browser: Firefox on Linux\nbegan at: 2027-01-15T08:00:00Z\n\
                        to be answered before: 2027-01-15T08:03:00Z\n\
                        network: browser and phone do NOT share a public address\n\
                        way back: six-digit code, to type into the page\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert_eq!(show_json(&request)["claims"][1], "sub");
    }

    #[test]
    fn a_folder_without_a_phone_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = login_client(folder.path(), "en").err().unwrap();
        assert!(format!("{error:#}").contains("no enrolled phone is here"), "{error:#}");
    }
}
