//! People with a passport, a phone and an account, and their logins up to the code: put into the database as the server
//! does it, by the same rooms. Each approval is signed by a phone's keys and judged.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use clock::{Clock as _, SystemClock, UnixTime};
use crypto::{Curve, EcPrivateKey, HashAlgorithm};
use identity::names::MrzName;
use identity::seal::TestParts;
use identity::{
    ChipPerson, DeviceRecord, DocumentRecord, HolderProof, LevelFacts, LoginKind, PivotIdentity,
    SealedEnrolment,
};
use lds::mrz::{MrzDate, Sex};
use oidc::{AcceptedRequest, ApprovedLogin, AuthorizationRequest, Code};
use protocol::Base64;
use protocol::DeviceProof;
use protocol::approval::{Approval, Decision};
use protocol::enrolment::Declaration;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sceau::AppState;
use sceau::config::{Config, Materials};
use storage::{Created, Login, NewLogin, ReleaseOutcome};
use tokio::task::JoinSet;

use crate::client::{CLIENT, REDIRECT};

/// Logins that are prepared at once: as many as SQLite's writer commits together.
const TOGETHER: usize = 64;
const RELEASE_CODE: &[u8] = b"123456";

/// Somebody who can log in.
struct Person {
    phone: EcPrivateKey,
    device_id: String,
    identity_id: String,
}

/// Everybody, and the database that they are in.
pub struct People {
    state: AppState,
    people: Arc<Vec<Person>>,
}

impl People {
    /// Enrols `count` people in the database of a configuration.
    pub async fn enrol(configuration: &Path, count: usize) -> anyhow::Result<Self> {
        let config = Config::load(configuration, std::iter::empty::<(String, String)>())?;
        let materials = Materials::read(&config, SystemClock.now())?;
        // Nothing here is secret; but what one run makes must not be there already in the next.
        let mut rng = ChaCha20Rng::seed_from_u64(SystemClock.now().0.cast_unsigned());
        let state = AppState::open(config, materials, Arc::new(SystemClock), &mut rng).await?;
        let enrolled = together(count, |n| enrol(state.clone(), n)).await?;
        Ok(Self { state, people: Arc::new(enrolled) })
    }

    /// Codes, one for each login; people take turns. All are issued in the end, for they live thirty seconds.
    pub async fn codes(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let released = together(count, |n| {
            let (state, people) = (self.state.clone(), self.people.clone());
            async move { released(&state, &people[n % people.len()]).await }
        });
        let released = Arc::new(released.await?);
        together(count, |n| {
            let (state, released) = (self.state.clone(), released.clone());
            async move {
                let ((id, secret), code) = (&released[n], Code::generate(&mut state.rng()));
                let issued = state.database.issue_code(id, secret, code.as_str().as_bytes(), state.now());
                anyhow::ensure!(issued.await?.is_some(), "no code was issued");
                Ok(code.as_str().to_owned())
            }
        })
        .await
    }
}

/// Runs `count` jobs, some at once, and gives their results in any order.
async fn together<T, F>(count: usize, mut job: impl FnMut(usize) -> F) -> anyhow::Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let (mut running, mut done) = (JoinSet::new(), Vec::with_capacity(count));
    for n in 0..count {
        if running.len() == TOGETHER
            && let Some(result) = running.join_next().await
        {
            done.push(result??);
        }
        running.spawn(job(n));
    }
    while let Some(result) = running.join_next().await {
        done.push(result??);
    }
    Ok(done)
}

/// An account at level eidas3.
async fn enrol(state: AppState, n: usize) -> anyhow::Result<Person> {
    let phone = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(n as u64));
    let (key, now) = (phone.public_key(), state.now());
    let chip = ChipPerson {
        name: MrzName { surname: "ERIKSSON".into(), given_names: letters(n), truncated: false },
        full_name: None,
        birth_date: MrzDate::parse("740812").context("a date")?,
        full_birth_date: None,
        place_of_birth: None,
        sex: Sex::Female,
    };
    let declared = Declaration {
        birth_country: "99100".into(),
        birth_place: Some("75107".into()),
        given_names: None,
        family_name: None,
        preferred_username: None,
    };
    let device_id = protocol::device_id(&key);
    let parts = TestParts {
        pivot: PivotIdentity::new(&chip, &declared, &format!("anna{n}@example.org"), state.places, now)?,
        facts: LevelFacts {
            document_authentic: true,
            email_verified: true,
            chip_proved: true,
            keys_attested: true,
            pin_key: true,
            holder: HolderProof::Desk,
            title_unexpired: true,
            document_status_checked: true,
            weak_algorithm: false,
        },
        document: DocumentRecord {
            code: "P".into(),
            issuing_state: "UTO".into(),
            number: format!("{n:09}"),
            expires: "2099-04-15".into(),
            dsc: [1; 32],
            csca: [2; 32],
            trust_digest: [3; 32],
            policy_version: "1".into(),
            report: Vec::new(),
        },
        device: DeviceRecord { id: device_id.clone(), device_key: key.to_sec1(), pin_key: key.to_sec1() },
        consents: std::collections::BTreeMap::new(),
    };
    let (database, enrolment) = (&state.database, format!("bench-{n}"));
    database
        .open_enrolment(&enrolment, enrolment.as_bytes(), b"challenge", b"127.0.0.1", now, now.plus(3600))
        .await?;
    let stored = database.seal_enrolment(&SealedEnrolment::for_tests(&enrolment, 0, parts), now).await?;
    Ok(Person { phone, device_id, identity_id: stored.identity_id })
}

/// Another given name for each: two people of one name and birthday would wait for review.
fn letters(mut n: usize) -> String {
    let mut name = String::from("ANNA ");
    for _ in 0..5 {
        name.push(char::from(b'A' + (n % 26) as u8));
        n /= 26;
    }
    name
}

/// A login that its person approved and released: its name and the browser's secret.
async fn released(state: &AppState, person: &Person) -> anyhow::Result<(String, Vec<u8>)> {
    let (mut rng, now) = (state.rng(), state.now());
    let mut random = |prefix: &str| {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        format!("{prefix}{}", hex::encode(bytes))
    };
    let query = format!(
        "client_id={CLIENT}&response_type=code&redirect_uri={REDIRECT}&scope=openid+profile+birth+email\
         &acr_values=eidas2&state={0}{0}&nonce={1}{1}&prompt=login",
        random(""),
        random("")
    );
    let keys = state.oidc_keys.now();
    let provider =
        oidc::Provider { clients: &state.clients, issuer: &state.config.issuer, keys: keys.public(), now };
    let request = AuthorizationRequest::parse(query.as_bytes(), &provider);
    let request = request.map_err(|error| anyhow::anyhow!("{error:?}"))?.accepted;
    let (id, qr, secret) = (random(""), random("qr"), random("browser").into_bytes());
    let new = NewLogin {
        id: id.clone(),
        client_id: CLIENT.to_owned(),
        link_handle: random("link").into_bytes(),
        qr_handle: qr.clone().into_bytes(),
        browser_secret: secret.clone(),
        request: request.to_bytes(),
        context: b"Firefox, Linux\n127.0.0.1".to_vec(),
        created_at: now,
        expires_at: now.plus(480),
    };
    let database = &state.database;
    anyhow::ensure!(database.create_login(new, i64::MAX).await? == Created::Stored);
    database
        .claim_login(qr.as_bytes(), &person.device_id, &person.identity_id, b"challenge", now.plus(180), now)
        .await?;
    let login = database.load_login(&id).await?.context("no login")?;
    let approved = approve(state, person, &login, &request, now)?.to_bytes();
    anyhow::ensure!(database.approve_login(&login, &approved, RELEASE_CODE, b"{}", now).await?);
    let outcome = database.release_login(&id, &secret, LoginKind::Qr, RELEASE_CODE, now).await?;
    anyhow::ensure!(outcome == ReleaseOutcome::Released);
    Ok((id, secret))
}

/// What both keys of the phone sign.
fn approve(
    state: &AppState,
    person: &Person,
    login: &Login,
    request: &AcceptedRequest,
    now: UnixTime,
) -> anyhow::Result<ApprovedLogin> {
    let approval = Approval {
        issuer: state.config.issuer.clone(),
        login_id: login.id.clone(),
        kind: LoginKind::Qr,
        decision: Decision::Approve,
        client_id: request.client_id().to_owned(),
        client_name: "FranceConnect".into(),
        acr: request.acr()[0].to_string(),
        claims: request.claims().into_iter().map(|claim| claim.as_str().to_owned()).collect(),
        consent_version: "1".into(),
        request_digest: request.request_digest().into(),
        browser_digest: Base64(login.browser_digest.clone()),
        binding_number: None,
        device_id: person.device_id.clone(),
        server_challenge: Base64(b"challenge".to_vec()),
        issued_at: now,
        expires_at: now.plus(180),
    };
    let sign = |message: &[u8]| person.phone.sign(HashAlgorithm::Sha256, message).to_plain(Curve::P256);
    let proof = DeviceProof::Ecdsa(Base64(sign(&approval.signing_bytes())));
    let pin = sign(&approval.pin_signing_bytes(&proof));
    let key = person.phone.public_key();
    let signed = approval.clone().check_device(&approval, &key.clone().into(), proof, now)?;
    Ok(ApprovedLogin::new(&signed.check_pin(&key, &pin)?, request, now)?)
}
