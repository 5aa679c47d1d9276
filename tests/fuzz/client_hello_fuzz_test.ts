import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { type ClientHelloResult, parseClientHello } from "../../lib/tls/client_hello.ts";
import { buildClientHello } from "../support/client_hello_builder.ts";
import { readHelloVectors } from "../support/hello_vectors.ts";
import { Random } from "../support/random.ts";

const SEED = 7_301;
const KINDS = ["hello", "more", "not_tls", "malformed", "too_large"];

/** Checks what holds for any bytes: a value of the union, and the same one for every longer start. */
function checkAny(bytes: Uint8Array, ends: readonly number[]): ClientHelloResult {
  const whole = parseClientHello(bytes);
  assert.ok(KINDS.includes(whole.kind));
  if (whole.kind === "hello") {
    assert.ok(whole.bytes <= bytes.length);
    assert.deepEqual(parseClientHello(bytes.subarray(0, whole.bytes)), whole);
    assert.equal(parseClientHello(bytes.subarray(0, whole.bytes - 1)).kind, "more");
    // deno-lint-ignore no-control-regex
    if (whole.serverName !== undefined) assert.match(whole.serverName, /^[\x01-\x7f]{1,255}$/);
  }
  for (const end of ends) {
    const result = parseClientHello(bytes.subarray(0, end));
    if (result.kind !== "more") assert.deepEqual(result, whole);
  }
  return whole;
}

const seeds = [
  ...readHelloVectors().map((vector) => vector.bytes),
  buildClientHello({ serverName: "a.example", alpn: ["h2"], recordSplit: 9 }),
];

Deno.test("parseClientHello gives a value for every one-byte change of a good hello", () => {
  for (const seed of seeds) {
    for (let at = 0; at < seed.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const bytes = seed.slice();
        bytes[at] ^= change;
        checkAny(bytes, [at, at + 1]);
      }
    }
  }
});

Deno.test(`parseClientHello is stable under random damage (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 20_000; round++) {
    const bytes = damage(random.pick(seeds), random);
    checkAny(bytes, random.cuts(bytes.length, 200));
  }
});

Deno.test(`parseClientHello is stable on random bytes behind a good start (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const counts: Record<string, number> = {};
  for (let round = 0; round < 20_000; round++) {
    const noise = random.bytes(random.below(120));
    const bytes = Uint8Array.of(...[22, 3, 1, 0, 44 + random.below(60), 1, 0, 0], ...noise);
    const { kind } = checkAny(bytes, random.cuts(bytes.length, 40));
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  assert.ok(counts.malformed > 0 && counts.more > 0, JSON.stringify(counts));
});

function damage(seed: Uint8Array, random: Random): Uint8Array {
  const bytes = Array.from(seed);
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(bytes.length);
    const kind = random.below(4);
    if (kind === 0) bytes[at] = random.below(256);
    else if (kind === 1) bytes.splice(at, 1 + random.below(8));
    else if (kind === 2) bytes.splice(at, 0, ...random.bytes(1 + random.below(8)));
    else bytes.splice(at, 2, ...random.pick([[0, 0], [0, 1], [0xff, 0xff], [0x40, 0]]));
  }
  return Uint8Array.from(bytes);
}

const archive = new URL("../../../shared/corpus/openssl-fuzz-server.tar.gz", import.meta.url);
const inputs = readArchive();

function readArchive(): Uint8Array[] | undefined {
  try {
    return untar(gunzipSync(Deno.readFileSync(archive)));
  } catch (error) {
    // The corpus lives beside the project and need not be there; the test then says that it skips.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** @returns The contents of the archive's plain files. */
function untar(tar: Uint8Array): Uint8Array[] {
  const files: Uint8Array[] = [];
  const text = (start: number, end: number) => new TextDecoder().decode(tar.subarray(start, end));
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, at + 135), 8);
    const type = text(at + 156, at + 157);
    if (type === "0" || type === "\0") files.push(tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

Deno.test({
  name: `parseClientHello is stable on OpenSSL's fuzzing corpus${
    inputs === undefined ? " (skipped: no corpus)" : ""
  }`,
  ignore: inputs === undefined,
  fn() {
    const random = new Random(SEED);
    assert.ok(inputs!.length >= 1800, `${inputs!.length} inputs`);
    for (const bytes of inputs!) checkAny(bytes, random.cuts(bytes.length, 50));
  },
});
