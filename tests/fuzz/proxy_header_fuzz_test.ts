import assert from "node:assert/strict";
import { formatIp, unmapIpv4 } from "../../lib/base/addresses.ts";
import { parseProxyHeader } from "../../lib/proxy_protocol/proxy_header.ts";
import { encodeProxyV1 } from "../../lib/proxy_protocol/proxy_v1.ts";
import { encodeProxyV2 } from "../../lib/proxy_protocol/proxy_v2.ts";
import { Random } from "../support/random.ts";

const SEED = 10_193;
const KINDS = ["header", "more", "none", "malformed", "too_large"];

function randomEndpoints(random: Random) {
  const endpoint = () => ({
    ip: unmapIpv4(formatIp(random.bytes(random.pick([4, 16])))),
    port: random.below(65_536),
  });
  return { source: endpoint(), destination: endpoint() };
}

function randomHeader(random: Random, endpoints: ReturnType<typeof randomEndpoints>) {
  if (random.below(2) === 0) return encodeProxyV1(endpoints);
  const tlvs = Array.from({ length: random.below(4) }, () => ({
    type: 0xe0 + random.below(16),
    value: random.bytes(random.below(40)),
  }));
  return encodeProxyV2(endpoints, { tlvs, checksum: random.below(2) === 0 });
}

Deno.test(`parseProxyHeader reads back any endpoints (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 2_000; round++) {
    const endpoints = randomEndpoints(random);
    const header = randomHeader(random, endpoints);
    const result = parseProxyHeader(Uint8Array.of(...header, ...random.bytes(5)));
    assert.ok(result.kind === "header");
    assert.equal(result.bytes, header.length);
    assert.deepEqual({ source: result.source, destination: result.destination }, endpoints);
  }
});

Deno.test(`parseProxyHeader is stable under random damage (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 10_000; round++) {
    const bytes = randomHeader(random, randomEndpoints(random));
    for (let count = random.below(4); count > 0; count--) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    const cut = bytes.subarray(0, random.below(bytes.length + 1));
    const whole = parseProxyHeader(cut);
    assert.ok(KINDS.includes(whole.kind));
    for (const end of random.cuts(cut.length, 20)) {
      const result = parseProxyHeader(cut.subarray(0, end));
      if (result.kind !== "more") assert.deepEqual(result, whole);
    }
  }
});
