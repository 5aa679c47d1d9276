/**
 * The PROXY headers of the corpus, whole and byte by byte. Where the corpus judges by more than the
 * header, the row is listed with its reason.
 *
 * @module
 */
import assert from "node:assert/strict";
import { formatEndpoint } from "../../lib/base/addresses.ts";
import { parseProxyHeader } from "../../lib/proxy_protocol/proxy_header.ts";
import type { ProxyHeaderResult } from "../../lib/proxy_protocol/proxy_result.ts";

interface Row {
  readonly name: string;
  readonly hex: string;
  readonly expect: "accept" | "accept-no-address" | "accept-or-reject" | "reject";
  readonly src: string | null;
  readonly dst: string | null;
}

/** A LOCAL header with addresses in it, which the receiver must ignore (§2.2), though stated here. */
const LOCAL_WITH_ADDRESSES: readonly string[] = ["go-v2: local"];

/**
 * TCP addresses of 127.0.0.1 and ::1, then padding. The source states no address; the header does,
 * in the same way as `nginx-v2-tlv-zeros`, which has to be accepted with its address.
 */
const ADDRESS_NOT_STATED: readonly string[] = [
  "go-v2 padded: proxy TCPv4",
  "go-v2 padded: proxy TCPv6",
];

/** A good header; what makes the connection fail is the payload behind it, which must not be read. */
const BAD_PAYLOAD: Readonly<Record<string, number>> = { "haproxy-tlv-after-end": 8 };

const file = new URL("../../../shared/corpus/proxy_protocol.json", import.meta.url);
const rows = readRows();

function readRows(): readonly Row[] | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch (error) {
    // The corpus lives beside the project and need not be there; the test then says that it skips.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function isAsExpected(row: Row, result: ProxyHeaderResult): boolean {
  if (row.expect === "accept-or-reject") return true;
  if (row.name in BAD_PAYLOAD) {
    return result.kind === "header" && row.hex.length / 2 - result.bytes === BAD_PAYLOAD[row.name];
  }
  if (row.expect === "reject") return result.kind !== "header";
  if (result.kind !== "header") return false;
  if (ADDRESS_NOT_STATED.includes(row.name)) return result.source !== undefined;
  const source = result.source && formatEndpoint(result.source);
  const destination = result.destination && formatEndpoint(result.destination);
  if (row.expect === "accept-no-address" || LOCAL_WITH_ADDRESSES.includes(row.name)) {
    return source === undefined && destination === undefined;
  }
  return source === row.src && (row.dst === null || destination === row.dst);
}

function parseByteByByte(bytes: Uint8Array): ProxyHeaderResult {
  let result: ProxyHeaderResult = { kind: "more" };
  for (let end = 1; end <= bytes.length && result.kind === "more"; end++) {
    result = parseProxyHeader(bytes.subarray(0, end));
  }
  return result;
}

Deno.test({
  name: `parseProxyHeader agrees with the corpus, whole and byte by byte${
    rows === undefined ? " (skipped: no corpus)" : ""
  }`,
  ignore: rows === undefined,
  fn() {
    assert.ok(rows!.length >= 93);
    const mismatches = rows!.flatMap((row) => {
      const bytes = Uint8Array.fromHex(row.hex);
      const result = parseProxyHeader(bytes);
      assert.deepEqual(parseByteByByte(bytes), result, row.name);
      if (isAsExpected(row, result)) return [];
      return [`${row.name}: ${row.expect} ${row.src} ${row.dst} but ${JSON.stringify(result)}`];
    });
    assert.deepEqual(mismatches, []);
  },
});
