import assert from "node:assert/strict";
import { encodeBase64url, jwkThumbprint, publicJwk, signJws } from "../../lib/acme/jws.ts";
import { ES256, generateKeyPair } from "../../lib/tls/x509.ts";

const decode = (text: string) =>
  new TextDecoder().decode(Uint8Array.fromBase64(text, { alphabet: "base64url" }));

Deno.test("signJws makes the flattened serialization of RFC 8555 §6.2", async () => {
  const keys = await generateKeyPair();
  const header = { identity: { kid: "https://ca/acct/1" }, nonce: "n0nce", url: "https://ca/x" };
  const jws = JSON.parse(await signJws(keys.privateKey, header, { a: "ü" }));
  assert.deepEqual(Object.keys(jws).sort(), ["payload", "protected", "signature"]);
  assert.deepEqual(JSON.parse(decode(jws.protected)), {
    alg: "ES256",
    nonce: "n0nce",
    url: "https://ca/x",
    kid: "https://ca/acct/1",
  });
  assert.deepEqual(JSON.parse(decode(jws.payload)), { a: "ü" });
  const signature = Uint8Array.fromBase64(jws.signature, { alphabet: "base64url" });
  const input = new TextEncoder().encode(`${jws.protected}.${jws.payload}`);
  assert.equal(signature.length, 64);
  assert.ok(await crypto.subtle.verify(ES256, keys.publicKey, signature, input));
});

Deno.test("signJws makes an empty payload of undefined and {} of an empty object", async () => {
  const { privateKey, publicKey } = await generateKeyPair();
  const header = { identity: { jwk: await publicJwk(publicKey) }, nonce: "n", url: "https://ca/x" };
  const empty = JSON.parse(await signJws(privateKey, header, undefined));
  assert.equal(empty.payload, "");
  assert.equal(decode(JSON.parse(await signJws(privateKey, header, {})).payload), "{}");
  assert.deepEqual(Object.keys(JSON.parse(decode(empty.protected)).jwk), ["crv", "kty", "x", "y"]);
});

Deno.test("jwkThumbprint hashes the members of RFC 7638 §3.2 in their order", async () => {
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
  };
  const text = `{"crv":"P-256","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  assert.equal(await jwkThumbprint(jwk), encodeBase64url(new Uint8Array(digest)));
});

Deno.test("publicJwk leaves the secret out", async () => {
  const { privateKey } = await generateKeyPair();
  assert.deepEqual(Object.keys(await publicJwk(privateKey)).sort(), ["crv", "kty", "x", "y"]);
});
