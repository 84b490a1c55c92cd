//! `GET /openapi.json`: the description of the phone's API (OpenAPI 3.1).

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{enrolment, login_api};
use crate::AppState;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sceau",
        description = "The API of the phone: enrolment and logins. Every call but the first two of an enrolment carries \
            the enrolment's bearer secret; each is signed by the device key (headers sceau-device, sceau-nonce, \
            sceau-sequence, sceau-signature, idempotency-key). Refusals are problem documents (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "enrolment", description = "From the phone's keys to the seal"),
        (name = "chip", description = "Files and proofs of the passport's chip"),
        (name = "holder", description = "The person is the holder"),
        (name = "login", description = "Logins that an enrolled phone approves")
    ),
    components(schemas(protocol::codes::Problem))
)]
struct Head;

/// The description.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Head::openapi();
    document.merge(enrolment::Description::openapi());
    document.merge(login_api::Description::openapi());
    if let Some(components) = &mut document.components {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("enrolment", SecurityScheme::Http(bearer));
    }
    document
}

/// The endpoint.
pub fn routes() -> Router<AppState> {
    Router::new().route("/openapi.json", get(serve))
}

async fn serve() -> Response {
    let body = serde_json::to_string(&document()).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_of_the_protocol_is_described() {
        let json = serde_json::to_value(document()).unwrap();
        assert!(json["openapi"].as_str().unwrap().starts_with("3.1"));
        let paths = json["paths"].as_object().unwrap();
        let methods: usize = paths.values().map(|methods| methods.as_object().unwrap().len()).sum();
        assert_eq!((paths.len(), methods), (27, 30), "{:?}", paths.keys());
        assert!(json["components"]["schemas"]["Problem"].is_object());
    }
}
