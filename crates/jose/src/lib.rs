//! JWS, JWK and JWKS
