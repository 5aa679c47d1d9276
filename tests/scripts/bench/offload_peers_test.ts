import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Backends } from "../../../scripts/bench/backends.ts";
import { runH2load, runHandshakes } from "../../../scripts/bench/h2load_load.ts";
import {
  runHttpsLoad,
  runHugeTransfer,
  startHttpsLoad,
} from "../../../scripts/bench/https_load.ts";
import { caddyProxy } from "../../../scripts/bench/proxies/caddy_proxy.ts";
import { haproxyOffloadProxy } from "../../../scripts/bench/proxies/haproxy_offload_proxy.ts";
import { nginxProxy } from "../../../scripts/bench/proxies/nginx_proxy.ts";
import { posternProxy } from "../../../scripts/bench/proxies/postern_proxy.ts";
import { OFFLOADED, type ProxyKind } from "../../../scripts/bench/proxies/proxy.ts";
import {
  makeSharedCertificate,
  type SharedCertificate,
} from "../../../scripts/bench/shared_certificate.ts";
import { testWithPrograms } from "../../support/installed.ts";

const PROTOCOLS = ["http/1.1", "h2"] as const;

/** Odd, so that no buffer's size hides a byte too many or too few. */
const TRANSFER_BYTES = 3_000_001;

const KINDS: Readonly<Record<string, (certificate: SharedCertificate) => ProxyKind>> = {
  nginx: nginxProxy,
  haproxy: haproxyOffloadProxy,
  caddy: caddyProxy,
  postern: (certificate) =>
    posternProxy({
      name: "postern",
      planes: ["offload"],
      engine: "splice",
      tableHosts: 0,
      certificate,
    }),
};

for (const [name, kindOf] of Object.entries(KINDS)) {
  const programs = ["nginx", "h2load", "curl", ...(name === "postern" ? [] : [name])];
  testWithPrograms(programs, `bench: ${name} serves every load of the offload plane`, async (t) => {
    using certificate = await makeSharedCertificate(OFFLOADED.map(({ hostname }) => hostname));
    await using backends = await Backends.open();
    await using proxy = await kindOf(certificate).start(backends.ports);
    for (const protocol of PROTOCOLS) {
      await t.step(`requests and handshakes over ${protocol}`, async () => {
        const report = await runH2load(proxy, { protocol, count: 40, connections: 4 });
        strictEqual(report.answers2xx, 40);
        await runHandshakes(proxy, { protocol, count: 5 });
      });
      for (const direction of ["download", "upload"] as const) {
        await t.step(`one ${direction} over ${protocol}`, async () => {
          await runHugeTransfer(proxy, { protocol, direction, byteCount: TRANSFER_BYTES });
        });
      }
    }
    await t.step("WebSocket messages", async () => {
      await runHttpsLoad(proxy, { load: "websocket", backend: "websocket", amount: 640 });
    });
    await t.step("an open loop", async () => {
      const load = { load: "open-loop", backend: "http", amount: 2, rate: 200 } as const;
      const lines = (await runHttpsLoad(proxy, load)).trim().split("\n");
      deepStrictEqual(lines.map((line) => /^p50 [\d.]+ p99 [\d.]+$/.test(line)), [true, true]);
    });
    for (const load of ["idle-h1", "idle-h2"] as const) {
      await t.step(`clients of ${load}`, async () => {
        await using _client = await startHttpsLoad(proxy, { load, backend: "http", amount: 20 });
      });
    }
  });
}

testWithPrograms(["nginx", "haproxy"], "bench: a load that is not served is an error", async () => {
  using certificate = await makeSharedCertificate(OFFLOADED.map(({ hostname }) => hostname));
  await using backends = await Backends.open();
  const down = { ...backends.ports, http: 9, websocket: 9 };
  await using proxy = await haproxyOffloadProxy(certificate).start(down);
  const websocket = { load: "websocket", backend: "websocket", amount: 64 } as const;
  await rejects(runHttpsLoad(proxy, websocket), /Not switched: HTTP\/1.1 503/);
  const rate = { load: "open-loop", backend: "http", amount: 1, rate: 100 } as const;
  await rejects(runHttpsLoad(proxy, rate), /Not an answer as expected: HTTP\/1.1 503/);
});
