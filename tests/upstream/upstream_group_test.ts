import assert from "node:assert/strict";
import type { HealthCheckConfig, ServerConfig } from "../../lib/config/config.ts";
import {
  formatServerName,
  healthKey,
  routeGroup,
  serverKey,
  type UpstreamGroup,
  upstreamGroups,
} from "../../lib/upstream/upstream_group.ts";
import { makeRoute, makeServer } from "../support/route_configs.ts";

const CHECK: HealthCheckConfig = {
  probe: { kind: "tcp" },
  intervalMs: 10_000,
  timeoutMs: 5_000,
  rise: 2,
  fall: 3,
};

const TLS = routeGroup(makeRoute("offload", ["a.example"])).upstreamTls;

function groupOf(fields: Partial<UpstreamGroup>): UpstreamGroup {
  const route = makeRoute("offload", ["a.example"], { healthCheck: CHECK });
  return { ...routeGroup(route), ...fields };
}

Deno.test("upstreamGroups: a route's own servers, those of its paths, and of its plain HTTP", () => {
  const [own, path, plain, challenge] = [1, 2, 3, 4].map((port) => [makeServer(port)]);
  const offload = makeRoute("offload", ["a.example"], { servers: own });
  const paths = [path, own].map((servers) => ({ ...offload.paths[0], servers }));
  const routes = [
    { ...offload, paths },
    makeRoute("passthrough", ["b.example"], {
      servers: own,
      plainHttp: { kind: "forward", servers: plain },
    }),
    makeRoute("passthrough", ["c.example"], {
      servers: own,
      plainHttp: { kind: "redirect", status: 308, challengeServers: challenge },
      loadBalance: "ip_hash",
    }),
    makeRoute("reject", ["d.example"]),
  ];
  const groups = upstreamGroups(routes).filter(({ servers }) => servers.length > 0);
  assert.deepEqual(
    groups.map(({ servers, isPlainHttp }) => [servers, isPlainHttp]),
    [[own, false], [path, false], [own, false], [plain, true], [own, false], [challenge, true]],
  );
  assert.deepEqual(groups.slice(-2).map(({ loadBalance }) => loadBalance), ["ip_hash", "ip_hash"]);
});

Deno.test("formatServerName: names every kind of address", () => {
  const server = makeServer(80);
  const names = [
    server,
    { ...server, address: { kind: "unix", path: "/run/a" } as const },
    { ...server, address: { kind: "sample" } as const },
  ].map(formatServerName);
  assert.deepEqual(names, ["127.0.0.1:80", "unix:/run/a", "sample"]);
});

Deno.test("serverKey: tells address, scheme and verification apart, and nothing else", () => {
  const [one, two] = [1, 2].map((port) => makeServer(port));
  const secure: ServerConfig = { ...one, scheme: "https" };
  const plain = groupOf({});
  const pinned = groupOf({ upstreamTls: { ...TLS, fingerprint: "ab" } });
  const keys = [
    serverKey(one, plain),
    serverKey(two, plain),
    serverKey(secure, plain),
    serverKey(secure, pinned),
  ];
  assert.equal(new Set(keys).size, 4);
  assert.equal(serverKey({ ...one, weight: 9, isBackup: true }, pinned), keys[0]);
});

Deno.test("healthKey: equal checks of one server have one key, others have others", () => {
  const [one, two] = [1, 2].map((port) => makeServer(port));
  const group = groupOf({});
  const slower = groupOf({ healthCheck: { ...CHECK, intervalMs: 1 } });
  const keys = [healthKey(one, group), healthKey(two, group), healthKey(one, slower)];
  assert.equal(new Set(keys).size, 3);
  assert.equal(healthKey({ ...one }, groupOf({ loadBalance: "first" })), keys[0]);
  assert.equal(healthKey(one, groupOf({ healthCheck: undefined })), undefined);
});

Deno.test("healthKey: plain HTTP goes by the health of the server it stands for", () => {
  const checked = makeServer(443, "tcp");
  const plain = makeServer(80);
  const group = groupOf({});
  const plainGroup = groupOf({ isPlainHttp: true });
  assert.equal(healthKey({ ...plain, checkedAs: checked }, plainGroup), healthKey(checked, group));
  assert.equal(healthKey(plain, plainGroup), undefined, "nobody checks it");
});
