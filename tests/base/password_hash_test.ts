import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  formatPasswordHash,
  hashPassword,
  isPassword,
  parsePasswordHash,
  unmatchedHash,
} from "../../lib/base/password_hash.ts";

const CHEAP = { N: 16, r: 8, p: 1 };
const bytes = (text: string) => new TextEncoder().encode(text);

/** RFC 7914 §12, the third vector. */
const RFC_7914 = {
  password: "pleaseletmein",
  salt: "SodiumChloride",
  key: "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
    "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
};

Deno.test("isPassword: RFC 7914 §12, the third vector", async () => {
  const [salt, key] = [Buffer.from(RFC_7914.salt), Buffer.from(RFC_7914.key, "hex")]
    .map((part) => part.toString("base64url"));
  const text = `scrypt$16384$8$1$${salt}$${key}`;
  const parsed = parsePasswordHash(text);
  assert(parsed.kind === "hash", text);
  assert.equal(await isPassword(bytes(RFC_7914.password), parsed.hash), true);
  assert.equal(await isPassword(bytes(`${RFC_7914.password} `), parsed.hash), false);
  assert.equal(formatPasswordHash(parsed.hash), text);
});

Deno.test("hashPassword: what it makes is read back and is that of one password", async () => {
  for (const password of ["a", "pässword", "a:b\n", "\0", "x".repeat(1_000)]) {
    const parsed = parsePasswordHash(
      formatPasswordHash(await hashPassword(bytes(password), CHEAP)),
    );
    assert(parsed.kind === "hash");
    assert.equal(await isPassword(bytes(password), parsed.hash), true, password);
    assert.equal(await isPassword(bytes(`${password} `), parsed.hash), false, password);
  }
});

Deno.test("hashPassword: two of one password differ, and cost what OWASP recommends", async () => {
  const [one, other] = await Promise.all([hashPassword(bytes("a")), hashPassword(bytes("a"))]);
  assert.notDeepEqual(one.salt, other.salt);
  assert.notDeepEqual(one.hash, other.hash);
  assert.deepEqual([one.N, one.r, one.p], [16_384, 8, 5]);
});

Deno.test("unmatchedHash: costs the same and belongs to no password", async () => {
  const hash = await hashPassword(bytes("a"), CHEAP);
  const nobody = unmatchedHash(hash);
  assert.deepEqual([nobody.N, nobody.r, nobody.p, nobody.hash.length], [
    16,
    8,
    1,
    hash.hash.length,
  ]);
  assert.equal(await isPassword(bytes("a"), nobody), false);
});

const S = "AAAAAAAAAAAAAAAAAAAAAA";
const REFUSED: readonly [text: string, state: RegExp][] = [
  ["", /^it is empty$/],
  ["hunter2", /^it is not a hash$/],
  ["scrypt$", /^it is not whole$/],
  [`scrypt$16384$8$5$${S}`, /^it is not whole$/],
  [`scrypt$16384$8$5$${S}$${S}$`, /^it is not whole$/],
  [`scrypt$16384$8$5$${S}$short`, /^it is not whole$/],
  [`scrypt$16383$8$5$${S}$${S}`, /power of two/],
  [`scrypt$1$8$5$${S}$${S}`, /power of two/],
  [`scrypt$0$8$5$${S}$${S}`, /power of two/],
  [`scrypt$16384$0$5$${S}$${S}`, /zero/],
  [`scrypt$16384$8$0$${S}$${S}`, /zero/],
  [`scrypt$1048576$8$1$${S}$${S}`, /too much memory or time/],
  [`scrypt$16384$8$99$${S}$${S}`, /too much memory or time/],
  ["$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", /another kind/],
  ["$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$hash", /another kind/],
  ["$apr1$lZL6V/ci$eIMz/iKDkbtys/uU7LEK00", /another kind/],
  ["{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", /another kind/],
];

for (const [text, state] of REFUSED) {
  Deno.test(`parsePasswordHash: refuses ${JSON.stringify(text)}`, () => {
    const parsed = parsePasswordHash(text);
    assert(parsed.kind === "problem");
    assert.match(parsed.state, state);
  });
}
