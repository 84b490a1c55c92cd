// npm oidc-provider with a store in memory, set up for what the broker asks of us: ES256 inside RSA-OAEP-256 and A256GCM,
// for the ID token and for userinfo.
//
//   node server.mjs PORT CLIENT_JWKS_FILE      prints "listening"
//
// `POST /bench/codes?count=N` answers N codes, one a line, as if N people had just approved.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const [port, jwksFile] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const SCOPE = 'openid profile birth email';

// The provider's own store is an LRU of a thousand entries, which loses codes beyond that: a map loses none and does less.
const rows = new Map();
const grants = new Map();
class Store {
  constructor(name) { this.name = name; }
  key(id) { return `${this.name}:${id}`; }
  async upsert(id, payload) {
    rows.set(this.key(id), payload);
    if (payload.grantId && this.name !== 'Grant') {
      grants.set(payload.grantId, [...(grants.get(payload.grantId) ?? []), this.key(id)]);
    }
  }
  async find(id) { return rows.get(this.key(id)); }
  async findByUid() { return undefined; }
  async findByUserCode() { return undefined; }
  async consume(id) { rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { rows.delete(this.key(id)); }
  async revokeByGrantId(id) { (grants.get(id) ?? []).forEach((key) => rows.delete(key)); grants.delete(id); }
}

const nested = {
  id_token_signed_response_alg: 'ES256',
  id_token_encrypted_response_alg: 'RSA-OAEP-256',
  id_token_encrypted_response_enc: 'A256GCM',
  userinfo_signed_response_alg: 'ES256',
  userinfo_encrypted_response_alg: 'RSA-OAEP-256',
  userinfo_encrypted_response_enc: 'A256GCM',
};
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(issuer, {
  adapter: Store,
  clients: [{
    client_id: 'broker',
    client_secret: process.env.CLIENT_SECRET,
    redirect_uris: [process.env.REDIRECT_URI],
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code'],
    jwks: JSON.parse(readFileSync(jwksFile, 'utf8')),
    ...nested,
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: {
    devInteractions: { enabled: false },
    encryption: { enabled: true },
    jwtUserinfo: { enabled: true },
  },
  pkce: { required: () => false },
  acrValues: ['eidas2'],
  claims: {
    acr: null,
    amr: null,
    auth_time: null,
    openid: ['sub'],
    profile: ['family_name', 'given_name', 'gender', 'birthdate'],
    birth: ['birthplace', 'birthcountry'],
    email: ['email'],
  },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      family_name: 'ERIKSSON',
      given_name: 'ANNA MARIA',
      gender: 'female',
      birthdate: '1974-08-12',
      birthplace: '75107',
      birthcountry: '99100',
      email: 'anna@example.org',
    }),
  }),
  ttl: { AuthorizationCode: 600, AccessToken: 600, IdToken: 120, Grant: 3600 },
});

async function code() {
  const accountId = randomBytes(16).toString('hex');
  const grant = new provider.Grant({ accountId, clientId: 'broker' });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  const client = await provider.Client.find('broker');
  return new provider.AuthorizationCode({
    accountId,
    client,
    grantId,
    acr: 'eidas2',
    amr: ['pop', 'pin', 'mfa'],
    authTime: Math.floor(Date.now() / 1000),
    // What a request with acr_values and prompt=login asks for in the ID token (the provider's actions/authorization/claims.js).
    claims: { id_token: { acr: { values: ['eidas2'] }, auth_time: { essential: true }, amr: null } },
    gty: 'authorization_code',
    nonce: randomBytes(32).toString('hex'),
    redirectUri: process.env.REDIRECT_URI,
    scope: SCOPE,
  }).save();
}

const callback = provider.callback();
createServer(async (request, response) => {
  if (!request.url.startsWith('/bench/codes?count=')) return callback(request, response);
  const codes = [];
  for (let left = Number(request.url.split('=')[1]); left > 0; left -= 1) codes.push(await code());
  response.end(codes.join('\n'));
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
