// openid-client 6 asks a person on her phone (CIBA, poll mode). argv: issuer, client id, secret, an ID token that names the person.
// Prints "asked" when the request was taken, waits for the answer, prints the claims.
import * as oidc from "openid-client";

const [issuer, client_id, client_secret, id_token_hint] = process.argv.slice(2);
const metadata = { id_token_signed_response_alg: "ES256", userinfo_signed_response_alg: "ES256" };
const config = await oidc.discovery(new URL(issuer), client_id, metadata, oidc.ClientSecretPost(client_secret), {
  execute: [oidc.allowInsecureRequests],
});
const asked = await oidc.initiateBackchannelAuthentication(config, {
  scope: "openid profile email birth",
  acr_values: "eidas2",
  binding_message: "42",
  id_token_hint,
});
console.log("asked");
const tokens = await oidc.pollBackchannelAuthenticationGrant(config, asked);
const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
console.log(JSON.stringify({ id_token: tokens.claims(), userinfo }));
process.exit(0);
