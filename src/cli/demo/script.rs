//! A login without a browser: what a person would do in one, and on the phone.

use std::io::Write;

use anyhow::{Context as _, ensure};
use demo_broker::{Broker, Language, Login, ScriptedLogin};
use mobile_bridge::{ApprovedLogin, LoginClient};

use super::DEMO_PIN;
use super::browser::{Browser, Page};
use super::words::Words;

/// How many redirects a browser follows.
const MAX_REDIRECTS: usize = 10;

/// Logs in through the broker and prints each step. It blocks.
pub(super) fn log_in(
    broker: &Broker,
    phone: &LoginClient,
    words: &Words,
    language: Language,
    out: &mut dyn Write,
) -> anyhow::Result<Login> {
    let login = ScriptedLogin::begin(broker)?;
    let mut browser = Browser::new();
    let begun = browser.get(login.authorize_url())?;
    let (url, page) = follow(&mut browser, begun, &login)?;
    ensure!(page.status == 200, "the login page answered {}", page.status);
    let page_url = url.split('?').next().unwrap_or_default().to_owned();
    writeln!(out, "   {} {page_url}", words.login_page)?;

    let request = phone.claim(page.attribute("data-qr-handle")?)?;
    writeln!(out, "   {} {} ({})", words.phone_shows, request.client_name, request.acr)?;
    writeln!(out, "   {} {}", words.attributes, request.claims.join(", "))?;
    let ApprovedLogin::ReleaseCode { digits } = phone.approve(&request.login_id, DEMO_PIN)? else {
        anyhow::bail!("the phone was given a link, not a code");
    };
    writeln!(out, "   {} {digits}", words.approved)?;

    let released = browser.post(&format!("{page_url}/release"), &[("code", &digits)])?;
    let (callback, _) = follow(&mut browser, released, &login)?;
    ensure!(login.is_callback(&callback), "the browser ended at {page_url}, not at the broker");
    let done = login.finish(&callback)?;
    writeln!(out, "   {}", words.checked)?;
    for check in &done.checks {
        writeln!(out, "   - {}", check.in_words(language))?;
    }
    Ok(done)
}

/// Follows redirects to the page where they end, or to the broker's callback, which is not asked for.
fn follow(
    browser: &mut Browser,
    mut page: Page,
    login: &ScriptedLogin<'_>,
) -> anyhow::Result<(String, Page)> {
    let mut url = String::new();
    for _ in 0..MAX_REDIRECTS {
        let Some(location) = page.location.clone() else { return Ok((url, page)) };
        url = location;
        if login.is_callback(&url) {
            return Ok((url, page));
        }
        page = browser.get(&url)?;
    }
    None.context("too many redirects")
}

/// The claims, one a line: `name value`.
pub(super) fn print_claims(login: &Login, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "acr {}", login.acr)?;
    writeln!(out, "amr {}", login.amr.join(" "))?;
    writeln!(out, "sub {}", login.claims.sub)?;
    for (name, value) in login.claims.pairs() {
        writeln!(out, "{name} {value}")?;
    }
    Ok(())
}
