// The broker's own client library (openid-client 5.7), set up as FranceConnect does: discovery, client_secret_post, ES256,
// userinfo as a signed JWT, no clock tolerance, no PKCE.
//
// argv: issuer, client id, secret, redirect URI, and optionally its private keys (a JWK set), alg and enc: then ID token and
// userinfo must be encrypted so (an empty name of the file: not at all); and the algorithm of the signature. Prints the authorization URL, reads the callback URL, prints the claims.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Issuer } from "openid-client-v5";

const [issuer, client_id, client_secret, redirect_uri, keyFile, alg, enc, signature = "ES256"] = process.argv.slice(2);
const encryption = keyFile && {
  id_token_encrypted_response_alg: alg,
  id_token_encrypted_response_enc: enc,
  userinfo_encrypted_response_alg: alg,
  userinfo_encrypted_response_enc: enc,
};
const provider = await Issuer.discover(issuer);
const client = new provider.Client({
  client_id,
  client_secret,
  redirect_uris: [redirect_uri],
  response_types: ["code"],
  token_endpoint_auth_method: "client_secret_post",
  id_token_signed_response_alg: signature,
  userinfo_signed_response_alg: signature,
  ...encryption,
}, keyFile ? JSON.parse(readFileSync(keyFile)) : undefined);
const state = "0123456789abcdef".repeat(4);
const nonce = "fedcba9876543210".repeat(4);
console.log(client.authorizationUrl({
  scope: "openid profile email preferred_username birthplace birthcountry",
  acr_values: "eidas2",
  state,
  nonce,
  prompt: "login",
}));
const callback = await createInterface({ input: process.stdin }).question("");
const tokens = await client.callback(redirect_uri, client.callbackParams(callback), { state, nonce, response_type: "code" });
const userinfo = await client.userinfo(tokens);
console.log(JSON.stringify({ id_token: tokens.claims(), userinfo }));
process.exit(0);
