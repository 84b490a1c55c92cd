//! A browser that follows no redirect by itself and keeps its cookies.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Bench, CLIENT, REDIRECT, SECRET};

/// A page or redirect.
pub struct Page {
    pub status: u16,
    pub location: Option<String>,
    pub headers: ureq::http::HeaderMap,
    pub body: String,
}

impl Page {
    /// The value of an attribute `name="value"` of the page.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let from = self.body.find(&format!("{name}=\""))? + name.len() + 2;
        Some(self.body[from..].split('"').next()?.to_owned())
    }

    /// A parameter of the redirect's query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.location.as_ref()?.split_once('?')?;
        let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name)?.1;
        Some(decode(value))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// A browser.
pub struct Browser<'a> {
    bench: &'a Bench,
    agent: ureq::Agent,
    pub cookies: RefCell<BTreeMap<String, String>>,
}

impl<'a> Browser<'a> {
    pub fn new(bench: &'a Bench) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        Self { bench, agent, cookies: RefCell::default() }
    }

    pub fn get(&self, path: &str) -> Page {
        self.send("GET", path, &[])
    }

    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.send("POST", path, form)
    }

    fn send(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Page {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.bench.url) };
        let cookies = self.cookies.borrow().iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("accept-language", "en")
            .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let body = form.iter().map(|(n, v)| format!("{n}={}", encode(v))).collect::<Vec<_>>().join("&");
        let mut response = self.agent.run(request.body(body).unwrap()).unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
        Page {
            status: response.status().as_u16(),
            location: response.headers().get("location").map(|l| l.to_str().unwrap().to_owned()),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }

    /// The broker's authorization request: its eight parameters.
    pub fn authorize(&self, acr: &str) -> Page {
        self.get(&authorize_path(acr))
    }

    /// Begins a login and shows its page.
    pub fn login_page(&self, acr: &str) -> Page {
        let redirect = self.authorize(acr);
        assert_eq!(redirect.status, 303, "{}", redirect.body);
        let page = self.get(&redirect.location.unwrap());
        assert_eq!(page.status, 200);
        page
    }

    pub fn redeem(&self, code: &str) -> Page {
        self.post(
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", REDIRECT),
                ("client_id", CLIENT),
                ("client_secret", SECRET),
            ],
        )
    }

    /// The claims, as a signed JWT.
    pub fn userinfo(&self, access_token: &str) -> Page {
        let request = ureq::http::Request::get(format!("{}/userinfo", self.bench.url))
            .header("authorization", format!("Bearer {access_token}"))
            .header("accept", "application/jwt");
        let mut response = self.agent.run(request.body(()).unwrap()).unwrap();
        Page {
            status: response.status().as_u16(),
            location: None,
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }
}

pub fn authorize_path(acr: &str) -> String {
    let (state, nonce) = ("5".repeat(64), "a".repeat(64));
    let scope = "openid%20profile%20email%20preferred_username%20birthplace%20birthcountry";
    format!(
        "/authorize?client_id={CLIENT}&scope={scope}&response_type=code&redirect_uri={}&acr_values={acr}\
         &nonce={nonce}&state={state}&prompt=login",
        encode(REDIRECT)
    )
}

pub fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The claims of a compact JWS, unverified.
pub fn claims(jws: &str) -> Value {
    use base64::Engine as _;
    let payload = jws.split('.').nth(1).unwrap_or_default();
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
