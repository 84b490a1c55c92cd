//! The phone's side of logins (docs/protocols.md, section 6): claim, approve, refuse. Every call is signed by the
//! device key, over a nonce of ours, and numbered.

use std::collections::BTreeSet;
use std::future::Future;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use clock::UnixTime;
use identity::login::{NUMBER_TRIES, six_digits};
use identity::{Acr, IdentityState, Level, LoginKind, LoginState};
use oidc::{AcceptedRequest, ApprovedLogin, acr_to_answer};
use protocol::approval::{Approval, Decision, DeviceStatement, MAX_LIFE, VerifiedApproval};
use protocol::codes::Language;
use protocol::login::{Answer as PhoneAnswer, Approved, Claim, LoginChallenge, Logins};
use protocol::{Base64, DeviceKey, DeviceProof};
use rand_core::Rng as _;
use serde_json::json;
use storage::{Account, AuditEvent, ClaimOutcome, Device, Login, Mail, PinTry, Scope, Trace};
use utoipa::OpenApi;

use super::address::ClientAddress;
use super::login::Context;
use super::nonce;
use super::own;
use super::signed::{Answer, MAX_JSON, SignedCall, fresh, json as read_json};
use crate::metrics::LoginOutcome;
use crate::notices::Notice;
use crate::{ApiError, AppState};

const HOUR: i64 = 3600;
/// A statement or signature that does not approve: which of them was wrong stands in the audit log only.
const REFUSED: &str = "login.refused";

/// The login API.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/v1/nonces", post(nonce::issue))
        .route("/v1/logins", get(pending))
        .route("/v1/logins/claim", post(claim))
        .route("/v1/logins/{id}/approve", post(approve))
        .route("/v1/logins/{id}/refuse", post(refuse))
}

/// The description of these endpoints.
#[derive(OpenApi)]
#[openapi(paths(nonce::issue, pending, claim, approve, refuse))]
pub struct Description;

/// A request of an enrolled phone that was taken.
struct Call {
    state: AppState,
    device: Device,
    key: DeviceKey,
    account: Account,
    address: ClientAddress,
    now: UnixTime,
    signed: SignedCall,
}

/// Takes a request and, once it is whole, runs its handler in a task of its own: a lost connection loses no half of it.
async fn carry_out<F, Fut>(state: AppState, address: ClientAddress, request: Request, handler: F) -> Response
where
    F: FnOnce(Call) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Answer, ApiError>> + Send,
{
    let signed = match SignedCall::read(request, MAX_JSON).await {
        Ok(signed) => signed,
        Err(error) => return error.into_response(),
    };
    let work = async move { take(state, address, signed, handler).await };
    match tokio::spawn(work).await {
        Ok(outcome) => outcome.into_response(),
        Err(_) => ApiError::internal("panic").into_response(),
    }
}

async fn take<F, Fut>(
    state: AppState,
    address: ClientAddress,
    signed: SignedCall,
    handler: F,
) -> Result<Answer, ApiError>
where
    F: FnOnce(Call) -> Fut,
    Fut: Future<Output = Result<Answer, ApiError>>,
{
    let now = state.now();
    // 1. The phone signed it, over a nonce of ours that is young enough.
    let known = state.database.load_device(&signed.device).await?;
    let device = known.filter(|device| device.active);
    let device = device.ok_or_else(|| ApiError::new("device-state.unknown"))?;
    let key = DeviceKey::from_bytes(&device.device_key).map_err(ApiError::internal)?;
    signed.verify(&key)?;
    nonce::check(&state, &signed.nonce)?;
    // 2. It is new and in its place; a repeat of the same bytes is answered as before.
    let (id, sequence) = (device.id.clone(), signed.sequence);
    let accepted = state.database.accept_device_request(&id, sequence, &signed.digest()).await?;
    if let Some(answer) = fresh(accepted)? {
        return Ok(answer);
    }
    // 3. It stands for a living identity.
    let account = state.database.load_account(&device.identity_id).await?;
    let account = account.ok_or_else(|| ApiError::new("device-state.unknown"))?;
    // 4. Its handler runs; the answer is kept.
    let call = Call { state: state.clone(), device, key, account, address, now, signed };
    let outcome = match living(&call.account) {
        Ok(()) => handler(call).await,
        Err(error) => Err(error),
    };
    if let Some(answer) = Answer::to_keep(&outcome) {
        state.database.store_device_response(&id, sequence, &answer).await?;
    }
    if let Err(error) = &outcome
        && error.code() == REFUSED
    {
        let why = error.log_detail().unwrap_or_default();
        state.database.audit(AuditEvent::new(REFUSED, &id, why), now).await?;
    }
    outcome
}

/// A paused identity answers too: its holder enters her account, and nothing else ([`Call::record`]).
fn living(account: &Account) -> Result<(), ApiError> {
    match account.state {
        IdentityState::Active | IdentityState::Paused => Ok(()),
        state => Err(not_living(state)),
    }
}

fn not_living(state: IdentityState) -> ApiError {
    ApiError::new(format!("identity-state.{}", state.as_str().replace('_', "-")))
}

/// The logins that this phone claimed, and those that clients asked of its person, which still wait.
#[utoipa::path(get, path = "/v1/logins", tag = "login", responses((status = 200, body = Logins)))]
async fn pending(State(state): State<AppState>, address: ClientAddress, request: Request) -> Response {
    carry_out(state, address, request, async |call: Call| {
        let (database, now) = (&call.state.database, call.now);
        let mut logins = database.logins_of_device(&call.device.id, now).await?;
        logins.extend(database.asked_of(&call.account.identity_id, now).await?);
        let mut challenges = Vec::new();
        for login in &logins {
            // What this phone cannot answer any more is not shown.
            challenges.extend(call.challenge(login).await.ok());
        }
        Answer::json(&Logins { logins: challenges })
    })
    .await
}

/// Claims a waiting login by the handle of its QR code or link: the first phone wins.
#[utoipa::path(post, path = "/v1/logins/claim", tag = "login", request_body = Claim,
    responses((status = 200, body = LoginChallenge)))]
async fn claim(State(state): State<AppState>, address: ClientAddress, request: Request) -> Response {
    carry_out(state, address, request, claimed).await
}

async fn claimed(call: Call) -> Result<Answer, ApiError> {
    let Claim { handle } = read_json(&call.signed.body)?;
    let (database, device, now) = (&call.state.database, &call.device, call.now);
    if device.is_suspended() {
        return Err(ApiError::new("device-state.suspended"));
    }
    let limit = call.state.config.limits.claims_per_hour;
    if !database.count_use(Scope::ClaimByDevice, device.id.as_bytes(), HOUR, limit, now).await? {
        return Err(ApiError::new("request.rate").retry_after(HOUR - now.0.rem_euclid(HOUR)));
    }
    let mut challenge = [0; 32];
    call.state.rng().fill_bytes(&mut challenge);
    let until = now.plus(MAX_LIFE);
    let outcome = database
        .claim_login(handle.as_bytes(), &device.id, &device.identity_id, &challenge, until, now)
        .await?;
    let login = match outcome {
        ClaimOutcome::Claimed(login) => login,
        ClaimOutcome::NotFound => return Err(ApiError::new("login.not-found")),
        ClaimOutcome::Taken => return Err(ApiError::new("login.claimed")),
    };
    match call.challenge(&login).await {
        Ok(challenge) => Answer::json(&challenge),
        Err(error) => {
            // Nobody can answer it with this phone: the browser goes back at once.
            let history = call.history(&login, "unmet")?;
            if database.refuse_login(&login.id, &device.id, &history, now).await? {
                call.state.metrics.login(LoginOutcome::Unmet);
            }
            Err(error)
        }
    }
}

/// Approves a login: both keys of the phone signed what it showed.
#[utoipa::path(post, path = "/v1/logins/{id}/approve", tag = "login", params(("id" = String, Path)),
    request_body = PhoneAnswer, responses((status = 200, body = Approved)))]
async fn approve(
    State(state): State<AppState>,
    Path(id): Path<String>,
    address: ClientAddress,
    request: Request,
) -> Response {
    carry_out(state, address, request, |call| approved(call, id)).await
}

async fn approved(call: Call, id: String) -> Result<Answer, ApiError> {
    let answer: PhoneAnswer = read_json(&call.signed.body)?;
    let login = call.claimed_login(&id).await?;
    let pin_signature = answer.pin_signature.clone().unwrap_or_default();
    let statement = call.device_statement(&login, answer)?;
    call.check_number(&login, &statement).await?;
    let approval = call.check_pin(statement, &pin_signature.0).await?;
    let request = accepted(&login)?;
    let approved = ApprovedLogin::new(&approval, &request, call.now).map_err(ApiError::internal)?;
    let mut rng = call.state.rng();
    let (secret, answer) = match login.kind {
        Some(LoginKind::Qr) => {
            let release_code = six_digits(&mut rng);
            (release_code.clone(), Approved::Qr { release_code })
        }
        Some(LoginKind::Link) => {
            let mut token = [0; 32];
            rng.fill_bytes(&mut token);
            let token = Base64(token.to_vec()).to_string();
            let resume_url = format!("{}/login/resume?t={id}.{token}", call.state.config.issuer);
            (token, Approved::Link { resume_url })
        }
        Some(LoginKind::Asked) => (String::new(), Approved::Asked),
        None => return Err(ApiError::internal("a claimed login without a kind")),
    };
    let (stored, database) = (approved.to_bytes(), &call.state.database);
    let history = call.history(&login, "approved")?;
    let mails = call.notices(&login, &request, approved.acr());
    let trace = Trace { history, mails };
    let first = database.approve_login(&login, &stored, secret.as_bytes(), trace, call.now).await?;
    if !first {
        return Err(ApiError::new("login.expired"));
    }
    call.state.news.notify_one();
    database.touch_identity(&call.account.identity_id, call.now).await?;
    Answer::json(&answer)
}

/// Refuses a login, signed by the device key.
#[utoipa::path(post, path = "/v1/logins/{id}/refuse", tag = "login", params(("id" = String, Path)),
    request_body = PhoneAnswer, responses((status = 204)))]
async fn refuse(
    State(state): State<AppState>,
    Path(id): Path<String>,
    address: ClientAddress,
    request: Request,
) -> Response {
    carry_out(state, address, request, |call| refused(call, id)).await
}

async fn refused(call: Call, id: String) -> Result<Answer, ApiError> {
    let answer: PhoneAnswer = read_json(&call.signed.body)?;
    let login = call.claimed_login(&id).await?;
    let decision = call.device_statement(&login, answer)?.refusal()?;
    let history = call.history(&login, decision.as_str())?;
    if !call.state.database.refuse_login(&id, &call.device.id, &history, call.now).await? {
        return Err(ApiError::new("login.expired"));
    }
    let not_me = decision == Decision::NotMe;
    call.state.metrics.login(if not_me { LoginOutcome::NotMe } else { LoginOutcome::Refused });
    if not_me {
        let event = AuditEvent::new("login.not-me", &call.account.identity_id, &login.client_id);
        call.state.database.audit(event, call.now).await?;
        if login.kind == Some(LoginKind::Asked) {
            let (client, identity) = (&login.client_id, &call.account.identity_id);
            call.state.database.stop_asking(client, identity, call.now).await?;
        }
    }
    Ok(Answer::Empty)
}

impl Call {
    /// A login that this phone claimed, or that was asked of its person, and that still waits for an answer.
    async fn claimed_login(&self, id: &str) -> Result<Login, ApiError> {
        if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiError::new("login.not-found"));
        }
        let login = self.state.database.load_login(id).await?;
        let mine = login.filter(|login| match login.kind {
            Some(LoginKind::Asked) => login.identity_id.as_ref() == Some(&self.account.identity_id),
            _ => login.device_id.as_ref() == Some(&self.device.id),
        });
        let mut login = mine.ok_or_else(|| ApiError::new("login.not-found"))?;
        if login.is_expired(self.now) || login.state != LoginState::Claimed {
            return Err(ApiError::new("login.expired"));
        }
        login.device_id.get_or_insert_with(|| self.device.id.clone());
        Ok(login)
    }

    /// The line of the person's history: who asked for what, by which browser, and how it ended.
    fn history(&self, login: &Login, result: &str) -> Result<Vec<u8>, ApiError> {
        let request = accepted(login)?;
        let client = self.state.client(request.client_id()).map_or(request.client_id(), oidc::Client::name);
        let asked = request.acr().first().copied();
        let claims: Vec<&str> = request.claims().into_iter().map(identity::Claim::as_str).collect();
        let line = json!({
            "client": client,
            "acr": self.level(&request).ok().or(asked).map(Acr::as_str),
            "claims": claims,
            "browser": Context::from_bytes(&login.context).browser,
            "result": result,
        });
        Ok(line.to_string().into_bytes())
    }

    /// The mail that tells of an approved connection, if the client's holders are told so.
    fn notices(&self, login: &Login, request: &AcceptedRequest, level: Level) -> Vec<Mail> {
        let client = self.state.client(request.client_id()).map_or(request.client_id(), oidc::Client::name);
        let context = Context::from_bytes(&login.context);
        let notice = Notice::Connection { client, level, browser: &context.browser };
        let told = self.state.tells_by_mail(request.client_id());
        told.then(|| notice.to(self.account.pivot.email(), self.now)).into_iter().collect()
    }

    /// What the phone shows and signs: our own record of the login.
    fn record(&self, login: &Login) -> Result<Approval, ApiError> {
        let request = accepted(login)?;
        if self.account.state != IdentityState::Active && !own::is_own(&request) {
            return Err(not_living(self.account.state));
        }
        let acr = self.level(&request)?;
        let client = self.state.client(request.client_id());
        let client = client.ok_or_else(|| ApiError::new("login.not-found"))?;
        let subject = super::oidc::subject(&self.state, client, &self.account, self.now);
        if !request.is_for(subject.map_err(ApiError::internal)?.as_str()) {
            // The client named another person: to this one the login does not exist.
            return Err(ApiError::new("login.not-found"));
        }
        let missing = || ApiError::internal("a claimed login without its challenge");
        let expires_at = login.challenge_expires_at.ok_or_else(missing)?;
        let claims: BTreeSet<&str> =
            request.claims().into_iter().map(|claim| claim.as_str()).chain(["sub"]).collect();
        Ok(Approval {
            issuer: self.state.config.issuer.clone(),
            login_id: login.id.clone(),
            kind: login.kind.ok_or_else(missing)?,
            decision: Decision::Refuse,
            client_id: client.id().to_owned(),
            client_name: client.name().to_owned(),
            acr: acr.to_string(),
            claims: claims.into_iter().map(str::to_owned).collect(),
            consent_version: self.state.consent_version(client.id()).to_owned(),
            request_digest: request.request_digest().into(),
            browser_digest: Base64(login.browser_digest.clone()),
            binding_number: None,
            device_id: self.device.id.clone(),
            server_challenge: Base64(login.challenge.clone().ok_or_else(missing)?),
            // Asked for without a browser it lives as long as the client wants, within the same limit.
            issued_at: expires_at.plus(-MAX_LIFE).max(login.created_at),
            expires_at,
        })
    }

    /// The level that will be answered: one that was asked, or none.
    fn level(&self, request: &AcceptedRequest) -> Result<Acr, ApiError> {
        let allowed = self.state.client(request.client_id()).map(oidc::Client::acr).unwrap_or_default();
        let level = acr_to_answer(request.acr(), allowed, self.account.level(self.now));
        level.ok_or_else(|| ApiError::new("login.level"))
    }

    async fn challenge(&self, login: &Login) -> Result<LoginChallenge, ApiError> {
        let context = Context::from_bytes(&login.context);
        Ok(LoginChallenge {
            statement: self.record(login)?,
            browser: context.browser,
            started_at: login.created_at,
            same_network: login.kind == Some(LoginKind::Asked)
                || context.address == self.address.subscriber().to_string(),
            notice: own::notice(&self.state, &accepted(login)?, self.language()).await?,
        })
    }

    fn language(&self) -> Language {
        self.signed.language
    }

    /// The phone's statement, if it equals our record and the device key signed it.
    fn device_statement(&self, login: &Login, answer: PhoneAnswer) -> Result<DeviceStatement, ApiError> {
        let proof = DeviceProof::from_header(&answer.device_proof)?;
        let mut record = self.record(login)?;
        if login.kind == Some(LoginKind::Asked) {
            // What the person typed is judged once the phone has signed it.
            record.binding_number.clone_from(&answer.statement.binding_number);
        }
        let checked = answer.statement.check_device(&record, &self.key, proof, self.now);
        checked.map_err(|error| match error {
            protocol::Error::Expired => ApiError::new("login.expired"),
            // Which field or factor was wrong is not told.
            error => ApiError::new(REFUSED).detail(error),
        })
    }

    /// Judges the number that the person typed, where a client asked without a browser: counted first, so that her phones
    /// share the tries.
    async fn check_number(&self, login: &Login, statement: &DeviceStatement) -> Result<(), ApiError> {
        let request = accepted(login)?;
        // A refusal that came here is no guess.
        let approves = statement.approval().decision == Decision::Approve;
        let Some(shown) = request.binding_number().filter(|_| approves) else { return Ok(()) };
        let left = self.state.database.count_binding_number(&login.id, NUMBER_TRIES).await?;
        let left = left.ok_or_else(|| ApiError::new("login.expired"))?;
        if statement.approval().binding_number.as_deref() == Some(shown) {
            return Ok(());
        }
        if left == 0 {
            let history = self.history(login, Decision::Refuse.as_str())?;
            self.state.database.refuse_login(&login.id, &self.device.id, &history, self.now).await?;
        }
        Err(ApiError::new("login.number"))
    }

    /// Judges the PIN: counted as wrong first, so that parallel guesses share the tries.
    async fn check_pin(
        &self,
        statement: DeviceStatement,
        signature: &[u8],
    ) -> Result<VerifiedApproval, ApiError> {
        let (database, device) = (&self.state.database, &self.device.id);
        // A refusal that came here is no guess of the PIN.
        if statement.approval().decision != Decision::Approve {
            return Err(ApiError::new(REFUSED).detail(protocol::Error::Decision));
        }
        let left = match database.begin_pin_try(device).await? {
            PinTry::Allowed { left } => left,
            PinTry::Suspended => return Err(ApiError::new("device-state.suspended")),
        };
        let pin_key = protocol::p256_key(&self.device.pin_key).map_err(ApiError::internal)?;
        match statement.check_pin(&pin_key, signature) {
            Ok(approval) => {
                database.pin_was_right(device).await?;
                Ok(approval)
            }
            Err(_) => {
                if left == 0 {
                    let event = AuditEvent::new("device.suspended", device, "");
                    database.audit(event, self.now).await?;
                }
                Err(ApiError::new(REFUSED).detail("PIN"))
            }
        }
    }
}

fn accepted(login: &Login) -> Result<AcceptedRequest, ApiError> {
    AcceptedRequest::from_bytes(&login.request).map_err(ApiError::internal)
}
