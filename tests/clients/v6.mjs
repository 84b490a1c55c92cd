// openid-client 6 with PKCE. argv: issuer, client id, secret, redirect URI, and optionally a private key (PKCS#8, DER) and
// its kid: then the client proves itself by private_key_jwt; or the word "basic": then its secret stands in the header. Prints the authorization URL, reads the callback URL, prints the claims.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import * as oidc from "openid-client";

const [issuer, client_id, client_secret, redirect_uri, keyFile, kid] = process.argv.slice(2);
let authentication = oidc.ClientSecretPost(client_secret);
if (keyFile === "basic") {
  authentication = oidc.ClientSecretBasic(client_secret);
} else if (keyFile) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("pkcs8", readFileSync(keyFile), algorithm, false, ["sign"]);
  authentication = oidc.PrivateKeyJwt({ key, kid });
}
const metadata = { id_token_signed_response_alg: "ES256", userinfo_signed_response_alg: "ES256" };
const config = await oidc.discovery(new URL(issuer), client_id, metadata, authentication, {
  execute: [oidc.allowInsecureRequests],
});
const state = oidc.randomState();
const nonce = oidc.randomNonce();
const verifier = oidc.randomPKCECodeVerifier();
console.log(oidc.buildAuthorizationUrl(config, {
  redirect_uri,
  scope: "openid profile email birth",
  acr_values: "eidas2",
  state,
  nonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
}).href);
const callback = await createInterface({ input: process.stdin }).question("");
const tokens = await oidc.authorizationCodeGrant(config, new URL(callback), {
  expectedState: state,
  expectedNonce: nonce,
  pkceCodeVerifier: verifier,
  idTokenExpected: true,
});
const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
console.log(JSON.stringify({ id_token: tokens.claims(), userinfo }));
process.exit(0);
