//! HTTP: what comes in, what goes out. No domain rules.
//!
//! - [`enrolment`]: the enrolment API; [`login_api`]: the phone's side of logins; [`signed`]: the signature that each of
//!   their requests carries; [`nonce`];
//! - [`login`]: the login pages, for the browser that began; [`browser`]: its secret; [`pages`]: what all pages share;
//! - [`desk`]: the agent's pages;
//! - [`session`]: who is in our own pages; [`own`]: these pages as a client;
//! - [`oidc`]: the OpenID Connect endpoints;
//! - [`openapi`]: the description of the API; [`headers`], [`limits`], [`address`]: what stands around all of them.

pub mod account;
pub mod address;
pub mod browser;
pub mod desk;
pub mod enrolment;
pub mod headers;
pub mod limits;
pub mod login;
pub mod login_api;
pub mod nonce;
pub mod oidc;
pub mod openapi;
pub mod own;
pub mod pages;
pub mod session;
pub mod signed;
