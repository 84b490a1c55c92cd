//! PAR, request objects, DPoP, introspection, revocation, FAPI 2.0, `verified_claims`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use oidc::ASSERTION_TYPE;

use super::*;

const ISSUER: &str = "http://localhost:8080";

/// What a proof of possession says, some of it changed.
#[derive(Clone, Copy)]
struct Proof<'a> {
    seed: u64,
    method: &'a str,
    path: &'a str,
    nonce: &'a str,
    token: Option<&'a str>,
    jti: u64,
}

impl Proof<'_> {
    fn jws(&self) -> String {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(self.seed));
        let jwk = SigningKey::new(key.clone()).unwrap().jwk();
        let mut claims = json!({
            "jti": self.jti.to_string(), "htm": self.method, "htu": format!("{ISSUER}{}", self.path),
            "iat": NOW.0, "nonce": self.nonce,
        });
        if let Some(token) = self.token {
            claims["ath"] = json!(BASE64_URL_SAFE_NO_PAD.encode(crypto::sha256(token.as_bytes())));
        }
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let input =
            format!("{}.{}", part(json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk})), part(claims));
        let signature = key.sign(HashAlgorithm::Sha256, input.as_bytes()).to_plain(Curve::P256);
        format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn thumbprint(&self) -> String {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(self.seed));
        SigningKey::new(key).unwrap().kid().to_owned()
    }
}

impl Bench {
    /// A form with the assertion of a client, and a proof beside it.
    async fn call(
        &self,
        path: &str,
        client: &str,
        form: &str,
        jti: &str,
        proof: Option<Proof<'_>>,
    ) -> Answer {
        let claims = json!({"iss": client, "sub": client, "aud": ISSUER, "exp": NOW.0 + 60, "jti": jti});
        let form = format!(
            "{form}&client_id={client}&client_assertion_type={ASSERTION_TYPE}&client_assertion={}",
            jose::sign(&self.client_key, None, &claims)
        );
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        if let Some(proof) = proof {
            request = request.header("dpop", proof.jws());
        }
        self.send(request.body(Body::from(form)).unwrap()).await
    }

    /// A nonce, as a client learns it: by a proof without one.
    async fn nonce(&self, jti: &str) -> String {
        let proof = Proof { seed: 5, method: "POST", path: "/token", nonce: "", token: None, jti: 0 };
        let asked =
            self.call("/token", "fapi", "grant_type=authorization_code&code=x", jti, Some(proof)).await;
        assert_eq!(asked.refused(), (400, "use_dpop_nonce".into()));
        asked.header("dpop-nonce").to_owned()
    }

    /// A pushed request of the FAPI client: its URI.
    async fn pushed(&self, jti: &str, extra: &str) -> String {
        let pushed = self.call("/par", "fapi", &format!("{}{extra}", fapi_request()), jti, None).await;
        assert_eq!((pushed.status, &pushed.json()["expires_in"]), (201, &json!(90)), "{:?}", pushed.json());
        assert_eq!(pushed.header("cache-control"), "no-store");
        pushed.json()["request_uri"].as_str().unwrap().to_owned()
    }
}

fn fapi_request() -> String {
    let request = query("fapi").replace("client_id=fapi&", "").replace("&prompt=login", "");
    format!("{request}&code_challenge={CHALLENGE}&code_challenge_method=S256")
}

fn by_uri(uri: &str) -> String {
    format!("client_id=fapi&request_uri={}", uri.replace(':', "%3A"))
}

fn fapi_form(code: &str) -> String {
    format!(
        "grant_type=authorization_code&code={code}&redirect_uri=https://fapi.example/cb&code_verifier={VERIFIER}"
    )
}

#[tokio::test]
async fn the_fapi_client_logs_in_by_par_pkce_assertion_and_dpop() {
    let bench = Bench::new().await;
    let uri = bench.pushed("1", "").await;
    let code = bench.released_by(&by_uri(&uri)).await.query("code").unwrap().to_owned();
    let nonce = bench.nonce("2").await;
    let proof = Proof { seed: 5, method: "POST", path: "/token", nonce: &nonce, token: None, jti: 1 };
    let tokens = bench.call("/token", "fapi", &fapi_form(&code), "3", Some(proof)).await;
    assert_eq!((tokens.status, &tokens.json()["token_type"]), (200, &json!("DPoP")), "{:?}", tokens.json());
    let tokens = tokens.json();
    let token = tokens["access_token"].as_str().unwrap();

    let described = bench.call("/introspect", "fapi", &format!("token={token}"), "4", None).await.json();
    assert_eq!((&described["active"], &described["token_type"]), (&json!(true), &json!("DPoP")));
    assert_eq!(
        (&described["cnf"]["jkt"], &described["exp"]),
        (&json!(proof.thumbprint()), &json!(NOW.0 + 60))
    );

    let userinfo = async |scheme: &str, proof: Option<Proof<'_>>| {
        let mut request = Request::get("/userinfo").header("authorization", format!("{scheme} {token}"));
        if let Some(proof) = proof {
            request = request.header("dpop", proof.jws());
        }
        bench.send(request.body(Body::empty()).unwrap()).await
    };
    let proof = Proof { method: "GET", path: "/userinfo", token: Some(token), jti: 2, ..proof };
    for (scheme, wrong, why) in [
        ("Bearer", None, "not as a bearer token"),
        ("DPoP", None, "without a proof"),
        ("DPoP", Some(Proof { seed: 6, ..proof }), "another key"),
        ("DPoP", Some(Proof { token: None, ..proof }), "without the token's hash"),
        ("DPoP", Some(Proof { token: Some("x"), ..proof }), "another token"),
        ("DPoP", Some(Proof { path: "/token", ..proof }), "another endpoint"),
        ("DPoP", Some(Proof { method: "POST", ..proof }), "another method"),
        (
            "DPoP",
            Some(Proof { jti: 1, method: "POST", path: "/token", token: None, ..proof }),
            "a proof of before",
        ),
    ] {
        let refused = userinfo(scheme, wrong).await;
        assert_eq!(refused.status, 401, "{why}");
        assert!(!refused.header("www-authenticate").is_empty(), "{why}");
    }
    let asked = userinfo("DPoP", Some(Proof { nonce: "", ..proof })).await;
    assert!(
        asked.header("www-authenticate").contains("use_dpop_nonce") && !asked.header("dpop-nonce").is_empty()
    );
    assert_eq!(userinfo("DPoP", Some(proof)).await.status, 200, "nothing of that used the token up");
}

/// FAPI 2.0, 5.3.2.
#[tokio::test]
async fn the_fapi_client_is_asked_for_everything() {
    let bench = Bench::new().await;
    let direct = bench.get(&format!("/authorize?client_id=fapi&{}", fapi_request())).await;
    assert_eq!(direct.query("error"), Some("invalid_request"), "not pushed");
    let without = fapi_request().split("&code_challenge").next().unwrap().to_owned();
    let refused = bench.call("/par", "fapi", &without, "1", None).await;
    assert_eq!(refused.refused(), (400, "invalid_request".into()), "without PKCE");
    let plain = fapi_request().replace("S256", "plain");
    assert_eq!(bench.call("/par", "fapi", &plain, "2", None).await.status, 400);
    let foreign = fapi_request().replace("fapi.example", "evil.example");
    assert_eq!(
        bench.call("/par", "fapi", &foreign, "3", None).await.refused(),
        (400, "invalid_request".into())
    );
    let nested = format!("{}&request_uri=urn:x", fapi_request());
    assert_eq!(
        bench.call("/par", "fapi", &nested, "4", None).await.refused(),
        (400, "invalid_request".into())
    );
    let code =
        bench.released_by(&by_uri(&bench.pushed("5", "").await)).await.query("code").unwrap().to_owned();
    let bare = bench.call("/token", "fapi", &fapi_form(&code), "6", None).await;
    assert_eq!(bare.refused(), (400, "invalid_dpop_proof".into()), "without a proof");
    let aud = json!({"iss": "fapi", "sub": "fapi", "aud": format!("{ISSUER}/token"), "exp": NOW.0 + 60, "jti": "7"});
    let form = format!(
        "{}&client_assertion_type={ASSERTION_TYPE}&client_assertion={}",
        fapi_form(&code),
        jose::sign(&bench.client_key, None, &aud)
    );
    assert_eq!(
        bench.post("/token", &form).await.refused(),
        (401, "invalid_client".into()),
        "the token endpoint as aud"
    );
}

/// RFC 9126, 4 and 7.3.
#[tokio::test]
async fn a_pushed_request_is_for_its_client_for_its_time_and_for_one_code() {
    let bench = Bench::new().await;
    let uri = bench.pushed("1", "").await;
    // A browser may load it again until it ends; what it brings beside does not count.
    let early = bench.get(&format!("/authorize?{}&scope=openid&state=other", by_uri(&uri))).await;
    assert!(early.header("location").starts_with("/login/"));
    let other = bench.get(&format!("/authorize?{}", by_uri(&uri).replace("=fapi&", "=broker&"))).await;
    assert_eq!((other.status, other.code.as_deref()), (400, Some("authorize.request-uri")), "another client");
    let done = bench.released_by(&by_uri(&uri)).await;
    assert_eq!((done.query("state"), done.query("code").is_some()), (Some("s"), true));
    let again = bench.get(&format!("/authorize?{}", by_uri(&uri))).await;
    assert_eq!((again.status, again.code.as_deref()), (400, Some("authorize.request-uri")), "used");
    // The login that began before it was used gets no code any more.
    let id = early.header("location").strip_prefix("/login/").unwrap().to_owned();
    let cookie = early.header("set-cookie").split(';').next().unwrap().to_owned();
    bench.approve(&id, &cookie).await;
    let release = Request::post(format!("/login/{id}/release"))
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded");
    let late = bench.send(release.body(Body::from("code=123456")).unwrap()).await;
    assert_eq!((late.query("code"), late.query("error")), (None, Some("access_denied")));
    let uri = bench.pushed("2", "").await;
    bench.clock.advance(90);
    assert_eq!(bench.get(&format!("/authorize?{}", by_uri(&uri))).await.status, 400, "late");
}

/// RFC 9449, 10: code and key are bound before the browser comes.
#[tokio::test]
async fn a_code_is_bound_to_the_key_of_the_pushed_request() {
    let bench = Bench::new().await;
    let nonce = bench.nonce("1").await;
    let proof = Proof { seed: 5, method: "POST", path: "/par", nonce: &nonce, token: None, jti: 1 };
    let pushed = bench.call("/par", "fapi", &fapi_request(), "2", Some(proof)).await;
    let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    let code = bench.released_by(&by_uri(&uri)).await.query("code").unwrap().to_owned();
    let other = Proof { seed: 6, path: "/token", jti: 2, ..proof };
    let refused = bench.call("/token", "fapi", &fapi_form(&code), "3", Some(other)).await;
    assert_eq!(refused.refused(), (400, "invalid_grant".into()));
    let named = format!("{}&dpop_jkt={}", fapi_request(), other.thumbprint());
    let mismatch = bench.call("/par", "fapi", &named, "4", Some(Proof { jti: 3, ..proof })).await;
    assert_eq!(mismatch.refused(), (400, "invalid_request".into()));
    let replayed = bench.call("/par", "fapi", &fapi_request(), "5", Some(proof)).await;
    assert_eq!(replayed.refused(), (400, "invalid_dpop_proof".into()), "a proof counts once");
}

#[tokio::test]
async fn a_request_object_is_all_that_counts() {
    let bench = Bench::new().await;
    let claims = json!({
        "iss": "signs", "aud": ISSUER, "exp": NOW.0 + 60, "client_id": "signs", "response_type": "code",
        "redirect_uri": "https://signs.example/cb", "scope": "openid", "state": "inner", "prompt": "login",
    });
    let object = jose::sign(&bench.client_key, Some("oauth-authz-req+jwt"), &claims);
    let done = bench.released_by(&format!("client_id=signs&state=outer&request={object}")).await;
    assert_eq!((done.query("state"), done.query("code").is_some()), (Some("inner"), true));
    let plain = bench.get(&format!("/authorize?{}", query("signs"))).await;
    assert_eq!(plain.query("error"), Some("invalid_request"), "it must sign");
    let bad = format!("client_id=signs&request={}x", object);
    let page = bench.get(&format!("/authorize?{bad}")).await;
    assert_eq!((page.status, page.code.as_deref()), (400, Some("authorize.request-object")));
    let foreign = bench.get(&format!("/authorize?{}&request={object}", query("broker"))).await;
    assert_eq!(foreign.query("error"), Some("request_not_supported"));
    let metadata = bench.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["request_parameter_supported"], true);
}

/// RFC 7662, 2.2; RFC 7009, 2.2.
#[tokio::test]
async fn a_token_is_described_and_revoked_for_its_own_client() {
    let bench = Bench::new().await;
    let code = bench.code("policy", "").await;
    let tokens = bench.post("/token", &form(&code).replace("broker", "policy")).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let ask = async |path: &str, client: &str, token: &str| {
        let secret = SECRET.replace(' ', "+");
        bench.post(path, &format!("token={token}&client_id={client}&client_secret={secret}")).await
    };
    let described = ask("/introspect", "policy", token).await;
    assert_eq!(described.header("cache-control"), "no-store");
    let described = described.json();
    assert_eq!((&described["active"], &described["client_id"]), (&json!(true), &json!("policy")));
    assert_eq!(described["scope"], "openid profile email birth");
    assert_eq!(described["sub"], bench.userinfo(token).await.json()["sub"]);
    let inactive = json!({"active": false});
    assert_eq!(ask("/introspect", "broker", token).await.json(), inactive, "another client's");
    assert_eq!(ask("/introspect", "policy", "x").await.json(), inactive);
    assert_eq!(ask("/revoke", "broker", token).await.status, 200, "nothing is told");
    assert_eq!(bench.userinfo(token).await.status, 200, "and nothing revoked");
    assert_eq!(ask("/revoke", "policy", token).await.status, 200);
    assert_eq!(bench.userinfo(token).await.status, 401);
    assert_eq!(ask("/introspect", "policy", token).await.json(), inactive);
    assert_eq!(ask("/revoke", "policy", token).await.status, 200, "again");
    assert!(bench.audited().await.contains(&("login.token-revoked".into(), "".into())));
    for path in ["/introspect", "/revoke", "/par"] {
        assert_eq!(bench.post(path, "token=x").await.refused(), (401, "invalid_client".into()), "{path}");
        assert_eq!(bench.get(path).await.status, 405, "{path}");
    }
    let secret = SECRET.replace(' ', "+");
    let empty = bench.post("/revoke", &format!("client_id=policy&client_secret={secret}")).await;
    assert_eq!(empty.refused(), (400, "invalid_request".into()));
}

/// OpenID Connect for Identity Assurance 1.0.
#[tokio::test]
async fn verified_claims_come_with_the_passport_as_evidence() {
    let bench = Bench::new().await;
    let asked = json!({
        "verification": {
            "trust_framework": {"value": "eidas"}, "assurance_level": null, "time": null,
            "evidence": [{
                "type": {"value": "document"}, "check_details": [{"check_method": null}],
                "document_details": {"type": null, "issuer": {"country_code": null}},
            }],
        },
        "claims": {"given_name": null, "family_name": null, "birthdate": null, "birthplace": null},
    });
    let claims =
        json!({"id_token": {"verified_claims": asked}, "userinfo": {"verified_claims": asked}}).to_string();
    let claims: String = claims.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let uri = bench.pushed("1", &format!("&claims={claims}")).await;
    let code = bench.released_by(&by_uri(&uri)).await.query("code").unwrap().to_owned();
    let nonce = bench.nonce("2").await;
    let proof = Proof { seed: 5, method: "POST", path: "/token", nonce: &nonce, token: None, jti: 1 };
    let tokens = bench.call("/token", "fapi", &fapi_form(&code), "3", Some(proof)).await.json();
    let keys = bench.state.oidc_keys.now();
    let read = |jws: &str| -> Value {
        jose::verify(jws, keys.public(), &[Algorithm::Es256]).unwrap().claims().unwrap()
    };
    let id_token = read(tokens["id_token"].as_str().unwrap());
    let expected = json!({
        "verification": {
            "trust_framework": "eidas", "assurance_level": "substantial", "time": "2026-06-01T12:00:00Z",
            "evidence": [{
                "type": "document", "check_details": [{"check_method": "vcrypt"}, {"check_method": "pvp"}],
                "document_details": {"type": "passport", "issuer": {"country_code": "UTO"}},
            }],
        },
        "claims": {"given_name": "ANNA MARIA", "family_name": "ERIKSSON", "birthdate": "1974-08-12"},
    });
    assert_eq!(id_token["verified_claims"], expected, "birthplace is declared");
    let token = tokens["access_token"].as_str().unwrap();
    let proof = Proof { method: "GET", path: "/userinfo", token: Some(token), jti: 2, ..proof };
    let request = Request::get("/userinfo")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof.jws());
    let userinfo = bench.send(request.body(Body::empty()).unwrap()).await;
    let userinfo = read(std::str::from_utf8(&userinfo.body).unwrap());
    assert_eq!(userinfo["verified_claims"], expected);
    assert_eq!(userinfo["birthplace"], "75107", "beside, not among them");
}
