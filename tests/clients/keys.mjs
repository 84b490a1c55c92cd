// The key pairs of a client that wants its tokens encrypted. argv: a folder. Writes private.json and public.json, JWK sets:
// as the broker's, with several keys for RSA-OAEP-256 under one kid.
import { createHash, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";

const [folder] = process.argv.slice(2);
const shared = randomUUID();
const keys = [];
for (const alg of ["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"]) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 });
  const jwk = await exportJWK(privateKey);
  const name = createHash("sha256").update(JSON.stringify(jwk)).digest("base64url");
  keys.push({ ...jwk, alg, use: "enc", kid: alg === "RSA-OAEP-256" ? shared : name });
}
const secret = new Set(["d", "p", "q", "dp", "dq", "qi", "oth"]);
const open = (jwk) => Object.fromEntries(Object.entries(jwk).filter(([member]) => !secret.has(member)));
writeFileSync(join(folder, "private.json"), JSON.stringify({ keys }));
writeFileSync(join(folder, "public.json"), JSON.stringify({ keys: keys.map(open) }));
