//! What the pages tell everybody, and a deployer's theme.

use crate::common::browser::Browser;
use crate::common::{APPLE_APP_ID, Bench};

#[test]
fn a_phone_learns_which_apps_our_links_belong_to() {
    let bench = Bench::start();
    let browser = Browser::new(&bench);
    let android = browser.get("/.well-known/assetlinks.json");
    assert_eq!(android.headers["content-type"], "application/json");
    let target = &android.json()[0]["target"];
    assert_eq!(
        (&target["namespace"], &target["package_name"]),
        (&"android_app".into(), &"org.example.sceau".into())
    );
    assert_eq!(target["sha256_cert_fingerprints"][0], ["06"; 32].join(":"));
    assert_eq!(android.json()[0]["relation"][0], "delegate_permission/common.handle_all_urls");
    let apple = browser.get("/.well-known/apple-app-site-association").json();
    assert_eq!(apple["applinks"]["details"][0]["appIDs"][0], APPLE_APP_ID);
    // The app link and the QR code only: a resume link stays in the browser that began.
    assert_eq!(apple["applinks"]["details"][0]["components"], serde_json::json!([{ "/": "/app/*" }]));
}

#[test]
fn every_page_names_help_account_recovery_notices_and_support() {
    let bench =
        Bench::with(|config| format!("{config}[pages]\nname = \"Clé\"\nsupport = \"mailto:s@fi.example\"\n"));
    let browser = Browser::new(&bench);
    for path in ["/", "/help", "/privacy", "/accessibility", "/recovery", "/account", "/texts/terms"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        for link in ["/help", "/account", "/recovery", "/privacy", "/accessibility"] {
            assert!(page.body.contains(&format!("href=\"{link}?lang=en\"")), "{path} {link}");
        }
        assert!(
            page.body.contains("href=\"mailto:s@fi.example\"") && page.body.contains(" – Clé</title>"),
            "{path}"
        );
        assert!(!page.body.contains("<script") && !page.body.contains("style=\""), "{path}");
    }
    let login = browser.login_page("eidas2");
    assert!(login.body.contains("href=\"/?lang=en\"") && login.body.contains("href=\"/help?lang=en\""));
    assert!(
        browser.get("/accessibility").body.contains("not conforming"),
        "nobody may say more without an audit"
    );
}

#[test]
fn a_theme_is_served_under_the_name_of_its_content() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("theme.css"), ":root { --accent: #123456; }").unwrap();
    std::fs::write(folder.path().join("logo.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let theme = folder.path().display().to_string();
    let bench = Bench::with(|config| format!("{config}[pages]\ntheme_folder = \"{theme}\"\n"));
    let browser = Browser::new(&bench);
    let page = browser.get("/help");
    let (_, rest) = page.body.split_once("href=\"/theme/").unwrap();
    let style = browser.get(&format!("/theme/{}", rest.split('"').next().unwrap()));
    assert_eq!((style.body.as_str(), style.status), (":root { --accent: #123456; }", 200));
    assert!(style.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let (_, rest) = page.body.split_once("<img src=\"/theme/").unwrap();
    let logo = browser.get(&format!("/theme/{}", rest.split('"').next().unwrap()));
    assert_eq!(logo.headers["content-type"], "image/svg+xml");
    // A picture opened by itself runs nothing.
    assert!(logo.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    for path in ["/theme/theme.css", "/theme/..%2Fsceau.toml", "/theme/%ff"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_person_whose_request_fails_sees_a_page_and_a_program_a_problem_document() {
    let bench = Bench::with(|config| {
        config.replace("burst = 100000\nper_minute = 100000", "burst = 4\nper_minute = 1")
    });
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let ask = |path: &str, accept: &str| {
        let request = agent.get(format!("{}{path}", bench.url)).header("accept", accept);
        let mut answer = request.header("accept-language", "fr").call().unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.body_mut().read_to_string().unwrap())
    };
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let (status, kind, body) = ask("/nowhere", browser);
    assert_eq!((status, kind.as_str()), (404, "text/html; charset=utf-8"));
    assert!(body.contains("<html lang=\"fr\"") && body.contains("request.not-found"), "{body}");
    assert!(ask("/nowhere?lang=en", browser).2.contains("<html lang=\"en\""));
    assert_eq!(ask("/nowhere", "*/*").1, "application/problem+json");
    ask("/nowhere", browser);
    let (status, kind, body) = ask("/help", browser);
    assert_eq!((status, kind.as_str()), (429, "text/html; charset=utf-8"));
    assert!(body.contains("Attendez un peu"), "{body}");
}
