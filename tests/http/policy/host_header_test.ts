import assert from "node:assert/strict";
import type { ServerConfig } from "../../../lib/config/config.ts";
import type { HostHeaderConfig } from "../../../lib/config/message_policies.ts";
import { hostHeaderFor, withHost } from "../../../lib/http/policy/host_header.ts";
import { makeExchange } from "../../support/exchanges.ts";

type Server = Pick<ServerConfig, "address" | "scheme">;

function tcp(hostname: string, port: number, scheme: "http" | "https" = "http"): Server {
  return { address: { kind: "tcp", hostname, port }, scheme };
}

const UPSTREAM: HostHeaderConfig = { kind: "upstream" };
const UNIX: Server = { address: { kind: "unix", path: "/run/app.sock" }, scheme: "http" };

const CASES: readonly [choice: HostHeaderConfig | undefined, server: Server, host: string][] = [
  [undefined, tcp("10.0.0.1", 80), "app.example.org:8443"],
  [UPSTREAM, tcp("app.lan", 3000), "app.lan:3000"],
  // RFC 9110 §4.2: the scheme's own port is left out.
  [UPSTREAM, tcp("app.lan", 80), "app.lan"],
  [UPSTREAM, tcp("app.lan", 443, "https"), "app.lan"],
  [UPSTREAM, tcp("app.lan", 80, "https"), "app.lan:80"],
  [UPSTREAM, tcp("app.lan", 443), "app.lan:443"],
  // RFC 3986 §3.2.2: IPv6 stands in brackets.
  [UPSTREAM, tcp("::1", 80), "[::1]"],
  [UPSTREAM, tcp("2001:db8::1", 8080), "[2001:db8::1]:8080"],
  [UPSTREAM, UNIX, "localhost"],
  [UPSTREAM, { address: { kind: "sample" }, scheme: "http" }, "localhost"],
  [{ kind: "fixed", value: "inner.lan:81" }, tcp("10.0.0.1", 80), "inner.lan:81"],
];

for (const [choice, server, host] of CASES) {
  const { address, scheme } = server;
  const name = `${choice?.kind ?? "keep"} ${scheme} ${JSON.stringify(address)}`;
  Deno.test(`hostHeaderFor: RFC 9110 §7.2, ${name} is ${host}`, () => {
    const exchange = makeExchange({ authority: "app.example.org:8443" });
    assert.equal(hostHeaderFor(choice, server, exchange), host);
  });
}

Deno.test("withHost: RFC 9110 §7.2, one Host and before all others", () => {
  assert.deepEqual(withHost([["A", "1"], ["host", "x"], ["B", "2"], ["Host", "y"]], "z"), [
    ["Host", "z"],
    ["A", "1"],
    ["B", "2"],
  ]);
  assert.deepEqual(withHost([], "z"), [["Host", "z"]]);
});
