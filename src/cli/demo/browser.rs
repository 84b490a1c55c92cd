//! The least of a browser: cookies by host, forms, redirects seen and not followed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use http::{Request, Uri, header};

/// What it says that it is.
const USER_AGENT: &str = "Sceau demo script";
/// The longest page that is read, in bytes.
const MAX_PAGE: u64 = 1 << 20;

/// A browser for a script.
pub(super) struct Browser {
    agent: ureq::Agent,
    /// By host, without port (RFC 6265, 8.5), and name.
    cookies: BTreeMap<(String, String), String>,
}

/// An answer.
pub(super) struct Page {
    pub(super) status: u16,
    /// Where a redirect leads, absolute.
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Browser {
    pub(super) fn new() -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .into();
        Self { agent, cookies: BTreeMap::new() }
    }

    /// A GET.
    pub(super) fn get(&mut self, url: &str) -> anyhow::Result<Page> {
        self.send(url, None)
    }

    /// A POST of a form whose values need no encoding.
    pub(super) fn post(&mut self, url: &str, form: &[(&str, &str)]) -> anyhow::Result<Page> {
        let pairs: Vec<String> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.send(url, Some(pairs.join("&")))
    }

    fn send(&mut self, url: &str, form: Option<String>) -> anyhow::Result<Page> {
        let uri: Uri = url.parse().with_context(|| url.to_owned())?;
        let host = uri.host().context("a URL without a host")?.to_owned();
        let mine = self.cookies.iter().filter(|((of, _), _)| *of == host);
        let cookies: Vec<String> = mine.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().uri(url).header(header::USER_AGENT, USER_AGENT);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let answer = match form {
            None => self.agent.run(request.body(())?),
            Some(form) => {
                let form_type = "application/x-www-form-urlencoded";
                self.agent.run(request.method("POST").header(header::CONTENT_TYPE, form_type).body(form)?)
            }
        };
        let (parts, mut body) = answer.with_context(|| url.to_owned())?.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(&host, cookie.to_str()?);
        }
        let location = parts.headers.get(header::LOCATION).map(|value| value.to_str()).transpose()?;
        let origin = || {
            format!("{}://{}", uri.scheme_str().unwrap_or("http"), uri.authority().map_or("", |a| a.as_str()))
        };
        let location = location.map(|to| if to.starts_with('/') { origin() + to } else { to.to_owned() });
        let body = body.with_config().limit(MAX_PAGE).read_to_vec()?;
        Ok(Page { status: parts.status.as_u16(), location, body: String::from_utf8(body)? })
    }

    fn keep(&mut self, host: &str, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let key = (host.to_owned(), name.to_owned());
        if parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0")) {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }
}

impl Page {
    /// The value of an attribute that stands once in the page.
    pub(super) fn attribute(&self, name: &str) -> anyhow::Result<&str> {
        let rest = self.body.split_once(&format!(" {name}=\"")).map(|(_, rest)| rest);
        let value = rest.and_then(|rest| rest.split_once('"')).map(|(value, _)| value);
        value.with_context(|| format!("the page has no {name} (status {})", self.status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_kept_by_host_and_taken_back() {
        let mut browser = Browser::new();
        browser.keep("localhost", "a=1; Path=/; HttpOnly");
        browser.keep("127.0.0.1", "a=2");
        browser.keep("localhost", "a=; Path=/; Max-Age=0");
        assert_eq!(
            browser.cookies.into_iter().collect::<Vec<_>>(),
            [(("127.0.0.1".into(), "a".into()), "2".into())]
        );
    }

    #[test]
    fn an_attribute_is_found_by_its_whole_name() {
        let page = Page { status: 200, location: None, body: "<main x-data-a=\"0\" data-a=\"1\">".into() };
        assert_eq!(page.attribute("data-a").unwrap(), "1");
        assert!(page.attribute("data-b").is_err());
    }
}
