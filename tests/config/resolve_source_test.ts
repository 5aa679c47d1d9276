import assert from "node:assert/strict";
import { messagesOf, routeOf } from "./parsing.ts";

const PASSTHROUGH = "hosts: [a.b], mode: passthrough, upstream: 10.0.0.1:443";

const SOURCES: readonly [keys: string, top: string, source: string][] = [
  ["", "", "proxy"],
  ["source: proxy", "", "proxy"],
  ["source: client", "", "client"],
  ["source: client, source_fallback: proxy", "", "client_or_proxy"],
  ["", "defaults: { source: client }", "client"],
  ["source: proxy", "defaults: { source: client }", "proxy"],
  ["source: client", "defaults: { source_fallback: proxy }", "client_or_proxy"],
  ["source_fallback: proxy", "defaults: { source: client }", "client_or_proxy"],
  ["", "defaults: { source_fallback: proxy }", "proxy"],
  ["source: proxy", "defaults: { source: client }\nrelay: { engine: portable }", "proxy"],
  ["source: client", "relay: { engine: splice }", "client"],
];

for (const [keys, top, source] of SOURCES) {
  Deno.test(`resolveSource: "${keys}" with "${top}" is ${source}`, () => {
    assert.equal(routeOf(`{ ${PASSTHROUGH}, ${keys} }`, top).source, source);
  });
}

for (const route of ["mode: offload, upstream: http://b", "mode: reject"]) {
  Deno.test(`resolveSource: defaults do not reach "${route}"`, () => {
    const top = "defaults: { source: client }\nrelay: { engine: portable }";
    assert.equal(routeOf(`{ hosts: [a.b], ${route} }`, top).source, "proxy");
  });
}

const PORTABLE = "the portable engine cannot connect from a client's address";

const REFUSED: readonly [route: string, top: string, told: string][] = [
  [
    `${PASSTHROUGH}, source_fallback: proxy`,
    "",
    'Cannot use "proxy" as "source_fallback": it means something only with "source: client"',
  ],
  [
    `${PASSTHROUGH}, source: client`,
    "relay: { engine: portable }",
    `Cannot use "client" as "source": ${PORTABLE}`,
  ],
  [
    PASSTHROUGH,
    "relay: { engine: portable }\ndefaults: { source: client }",
    `Cannot use "client" as "defaults.source": ${PORTABLE}`,
  ],
  [
    "hosts: [a.b], mode: passthrough, upstreams: [b:1, 'unix:/s'], http: off, source: client",
    "",
    'Cannot use "client" as "source": server "unix:/s" is not reached by IP address and port',
  ],
  [
    "hosts: [a.b], mode: passthrough, upstream: sample, source: client",
    "",
    'Cannot use "client" as "source": server "sample" is not reached by IP address and port',
  ],
];

for (const [route, top, told] of REFUSED) {
  Deno.test(`resolveSource: refuses "${route}" with "${top}"`, () => {
    assert.deepEqual(messagesOf(`{ ${route} }`, top), [told]);
  });
}
