// openid-client 6 as a FAPI 2.0 client: pushed request, PKCE, private_key_jwt, DPoP. argv: issuer, client id, secret (not used),
// redirect URI, private key (PKCS#8, DER), its kid. Prints the authorization URL, reads the callback URL, prints the claims and
// what the server says of the token before and after it was revoked.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import * as oidc from "openid-client";

const [issuer, client_id, , redirect_uri, keyFile, kid] = process.argv.slice(2);
const key = await crypto.subtle.importKey("pkcs8", readFileSync(keyFile), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const metadata = { id_token_signed_response_alg: "ES256", userinfo_signed_response_alg: "ES256", use_mtls_endpoint_aliases: false };
const config = await oidc.discovery(new URL(issuer), client_id, metadata, oidc.PrivateKeyJwt({ key, kid }), {
  execute: [oidc.allowInsecureRequests],
});
const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"));
const expectedState = oidc.randomState();
const expectedNonce = oidc.randomNonce();
const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
const url = await oidc.buildAuthorizationUrlWithPAR(config, {
  redirect_uri,
  scope: "openid profile email birth",
  acr_values: "eidas2",
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
}, { DPoP });
console.log(url.href);
const callback = await createInterface({ input: process.stdin }).question("");
const checks = { expectedState, expectedNonce, pkceCodeVerifier, idTokenExpected: true };
const tokens = await oidc.authorizationCodeGrant(config, new URL(callback), checks, undefined, { DPoP });
const before = await oidc.tokenIntrospection(config, tokens.access_token);
const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP });
await oidc.tokenRevocation(config, tokens.access_token);
const after = await oidc.tokenIntrospection(config, tokens.access_token);
console.log(JSON.stringify({ id_token: tokens.claims(), userinfo, type: tokens.token_type, before, after }));
process.exit(0);
