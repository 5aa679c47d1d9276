/**
 * The ClientHellos of the corpus, whole, byte by byte and in random pieces. Where the corpus judges
 * by more than the bytes, the case is listed with its reason.
 *
 * @module
 */
import assert from "node:assert/strict";
import { HELLO_MAX_BYTES } from "../../lib/base/limits.ts";
import { type ClientHelloResult, parseClientHello } from "../../lib/tls/client_hello.ts";
import { Random } from "../support/random.ts";

interface Expectation {
  readonly kind: "sni" | "none" | "reject" | "reject-or-default" | "either" | "not-sni";
  readonly value?: string;
  readonly values?: readonly string[];
}

interface Entry {
  readonly name: string;
  readonly file: string;
  readonly expect: Expectation;
}

/**
 * Well-formed hellos without a server name that the corpus wants refused: OpenSSL refuses their
 * version or their algorithms, which a relay does not judge. The route table refuses them for want
 * of a name.
 */
const REFUSED_FOR_WANT_OF_A_NAME: readonly string[] = [
  "sniproxy-bad_request-02",
  "tlsfuzzer-invalid-server-name-extension-00",
  "tlsfuzzer-tls13-large-number-of-extensions-00",
  "tlsfuzzer-tls13-large-number-of-extensions-01",
  "tlsfuzzer-tls13-large-number-of-extensions-02",
  "tlsfuzzer-tls13-large-number-of-extensions-03",
];

/** A hello in SSL 2.0 format, which cannot carry a name: not TLS for us, "no name" for the corpus. */
const SSL2_FORMAT: readonly string[] = ["tlsfuzzer-client-compatibility-16"];

const folder = new URL("../../../shared/corpus/clienthello/", import.meta.url);
const entries = readEntries();
const SEED = 20_260_101;

function readEntries(): readonly Entry[] | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(new URL("index.json", folder)));
  } catch (error) {
    // The corpus lives beside the project and need not be there; the tests then say that they skip.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isAsExpected(entry: Entry, bytes: Uint8Array, result: ClientHelloResult): boolean {
  const { kind, value, values } = entry.expect;
  const isHello = result.kind === "hello";
  // The index has names in lower case; the parser gives them as sent.
  const name = isHello ? result.serverName?.toLowerCase() : undefined;
  const isNameless = isHello && name === undefined;
  switch (kind) {
    case "sni":
      return name === value?.toLowerCase();
    case "none":
      if (SSL2_FORMAT.includes(entry.name)) return result.kind === "not_tls";
      return isNameless || result.kind === "too_large" && bytes.length > HELLO_MAX_BYTES;
    case "reject":
      return REFUSED_FOR_WANT_OF_A_NAME.includes(entry.name) ? isNameless : !isHello;
    case "reject-or-default":
      return result.kind === "not_tls" || isNameless;
    case "either":
      return isHello ? name !== undefined && values!.includes(name) : values!.includes("reject");
    case "not-sni":
      return name !== value;
  }
}

/** Parses ever longer starts of the bytes, as a relay does, until the result is final. */
function parseInSteps(bytes: Uint8Array, ends: Iterable<number>): ClientHelloResult {
  let result: ClientHelloResult = { kind: "more" };
  for (const end of ends) {
    result = parseClientHello(bytes.subarray(0, end));
    if (result.kind !== "more") break;
  }
  return result;
}

function* everyEnd(bytes: Uint8Array): Generator<number> {
  for (let end = 1; end <= bytes.length; end++) yield end;
}

const WAYS: [string, (bytes: Uint8Array) => ClientHelloResult][] = [
  ["whole", (bytes) => parseClientHello(bytes)],
  ["byte by byte", (bytes) => parseInSteps(bytes, everyEnd(bytes))],
  [`in random pieces (seed ${SEED})`, (bytes) => {
    return parseInSteps(bytes, new Random(SEED + bytes.length).cuts(bytes.length, 700));
  }],
];

for (const [way, parse] of WAYS) {
  Deno.test({
    name: `parseClientHello agrees with the corpus, ${way}${
      entries === undefined ? " (skipped: no corpus)" : ""
    }`,
    ignore: entries === undefined,
    fn() {
      assert.ok(entries!.length >= 263);
      const mismatches = entries!.flatMap((entry) => {
        const bytes = Deno.readFileSync(new URL(entry.file, folder));
        const result = parse(bytes);
        assert.deepEqual(result, parseClientHello(bytes), entry.name);
        if (isAsExpected(entry, bytes, result)) return [];
        return [`${entry.name}: ${JSON.stringify(entry.expect)} but ${JSON.stringify(result)}`];
      });
      assert.deepEqual(mismatches, []);
    },
  });
}
