use super::*;

/// What the broker asks.
pub(crate) fn request() -> AcceptedRequest {
    AcceptedRequest {
        client_id: "fc".into(),
        redirect_uri: "https://broker.example/oidc-callback".into(),
        scopes: [Scope::OpenId, Scope::Profile, Scope::Email, Scope::Birth].into(),
        acr: vec![Acr::Eidas2],
        state: Some("5".repeat(64).into_bytes()),
        nonce: Some("a".repeat(64)),
        code_challenge: None,
        asked: ClaimsRequest::default(),
        subject: None,
        pushed: None,
        dpop_key: None,
        binding_number: None,
    }
}

fn full() -> AcceptedRequest {
    AcceptedRequest {
        acr: vec![Acr::Eidas3, Acr::Eidas2],
        state: Some(vec![0, 0xff]),
        code_challenge: Some([7; 32]),
        asked: ClaimsRequest { id_token: [Claim::Gender].into(), ..Default::default() },
        subject: Some([8; 32]),
        pushed: Some([9; 32]),
        dpop_key: Some([10; 32]),
        binding_number: Some("42".into()),
        ..request()
    }
}

#[test]
fn the_stored_form_is_read_back() {
    let bare = AcceptedRequest { state: None, nonce: None, ..request() };
    for request in [request(), full(), bare] {
        assert_eq!(AcceptedRequest::from_bytes(&request.to_bytes()), Ok(request));
    }
}

#[test]
fn nothing_but_a_stored_form_is_read() {
    let bytes = full().to_bytes();
    let error = Err(Error::Stored("authorization request"));
    for cut in 0..bytes.len() {
        assert_eq!(AcceptedRequest::from_bytes(&bytes[..cut]), error, "{cut}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(AcceptedRequest::from_bytes(&longer), error);
    let newer = [&[3], &bytes[1..]].concat();
    assert_eq!(AcceptedRequest::from_bytes(&newer), error);
    let no_level = AcceptedRequest { acr: vec![], ..full() };
    assert_eq!(AcceptedRequest::from_bytes(&no_level.to_bytes()), error);
    let too_long = AcceptedRequest { state: Some(vec![1; MAX_STORED]), ..full() };
    assert_eq!(AcceptedRequest::from_bytes(&too_long.to_bytes()), error);
}

#[test]
fn each_field_alone_changes_the_digest() {
    type Change = fn(&mut AcceptedRequest);
    let changes: [Change; 12] = [
        |r| r.redirect_uri.push('x'),
        |r| {
            r.scopes.remove(&Scope::Email);
        },
        |r| r.state = None,
        |r| r.state = Some(vec![0, 0xfe]),
        |r| r.nonce = None,
        |r| r.nonce = Some("b".into()),
        |r| r.code_challenge = None,
        |r| r.code_challenge = Some([8; 32]),
        |r| r.asked = ClaimsRequest::default(),
        |r| r.subject = None,
        |r| r.dpop_key = Some([8; 32]),
        // A part that slides into its neighbour.
        |r| {
            r.state = Some([&[0, 0xff][..], &r.nonce.take().unwrap_or_default().into_bytes()].concat());
        },
    ];
    let mut digests = BTreeSet::from([full().request_digest()]);
    for change in changes {
        let mut request = full();
        change(&mut request);
        digests.insert(request.request_digest());
    }
    assert_eq!(digests.len(), 13);
}

/// RFC 7636, appendix B.
#[test]
fn the_verifier_must_be_the_one_of_the_challenge() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = code_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let with = AcceptedRequest { code_challenge: challenge, ..request() };
    assert!(with.verifier_fits(Some(verifier)));
    assert!(!with.verifier_fits(Some(&verifier.replace('d', "e"))));
    assert!(!with.verifier_fits(None), "missing");
    assert!(request().verifier_fits(None));
    assert!(!request().verifier_fits(Some(verifier)), "without a challenge");
}

#[test]
fn the_code_goes_back_with_state_and_issuer() {
    let code = Code::parse(&"A".repeat(43)).unwrap();
    let location = full().success_location("https://fi.example", &code);
    assert_eq!(
        location,
        format!(
            "https://broker.example/oidc-callback?code={}&state=%00%FF&iss=https%3A%2F%2Ffi.example",
            code.as_str()
        )
    );
    let refusal = request().refuse("https://fi.example", ErrorCode::AccessDenied, "refused");
    assert!(
        refusal
            .location()
            .contains(&format!("error=access_denied&error_description=refused&state={}", "5".repeat(64)))
    );
}

#[test]
fn the_redirect_origin_ends_before_the_path() {
    let origin =
        |uri: &str| AcceptedRequest { redirect_uri: uri.into(), ..request() }.redirect_origin().to_owned();
    assert_eq!(origin("https://b.example:8443/a/b"), "https://b.example:8443");
    assert_eq!(origin("http://localhost?x=/"), "http://localhost");
    assert_eq!(origin("https://b.example"), "https://b.example");
}

#[test]
fn state_and_nonce_are_not_printed() {
    let printed = format!("{:?}", request());
    assert!(!printed.contains("555") && !printed.contains("aaa"));
}
