import assert from "node:assert/strict";
import { parseCidr } from "../../../lib/base/cidr.ts";
import type { MaintenanceConfig } from "../../../lib/config/message_policies.ts";
import { underMaintenance } from "../../../lib/http/policy/maintenance.ts";
import { Page } from "../../../lib/http/policy/page.ts";
import { headerOf, makeAnswer, makeBody, makeExchange, readText } from "../../support/exchanges.ts";

const CONFIG: MaintenanceConfig = { pageFile: undefined, retryAfterSeconds: 300, allow: [] };

const PAGES = new Map([["down.html", new Page("down.html", new TextEncoder().encode("down"))]]);

function ask(config: Partial<MaintenanceConfig>, fields: Parameters<typeof makeExchange>[0] = {}) {
  const policy = underMaintenance({ ...CONFIG, ...config }, PAGES);
  return Promise.resolve(policy(makeExchange(fields), () => Promise.resolve(makeAnswer(200))));
}

Deno.test("underMaintenance: RFC 9110 §10.2.3 and §15.6.4, 503 with Retry-After in seconds", async () => {
  const body = makeBody("upload");
  const answer = await ask({}, { method: "POST", body });
  assert.equal(answer.status, 503);
  assert.equal(headerOf(answer, "retry-after"), "300");
  assert.equal(headerOf(answer, "cache-control"), "no-store");
  assert.match(await readText(answer), /maintenance/);
  // An error page may take its place.
  assert.equal(answer.isOwn, true);
  assert.deepEqual([body.reads, body.isCancelled], [0, true]);
});

Deno.test("underMaintenance: shows the page that is configured, as it is", async () => {
  const answer = await ask({ pageFile: "down.html", retryAfterSeconds: 1 });
  assert.equal(answer.status, 503);
  assert.equal(await readText(answer), "down");
  assert.equal(headerOf(answer, "retry-after"), "1");
  assert.equal(headerOf(answer, "cache-control"), "no-store");
  assert.equal(headerOf(answer, "content-type"), "text/html; charset=utf-8");
  assert.equal(answer.isOwn, undefined);
  const head = await ask({ pageFile: "down.html" }, { method: "HEAD" });
  assert.deepEqual([head.body, headerOf(head, "content-length")], [undefined, "4"]);
});

const CLIENTS: readonly [ip: string, status: number][] = [
  ["192.0.2.1", 200],
  ["192.0.2.255", 200],
  ["192.0.3.0", 503],
  ["2001:db8::5", 200],
  ["2001:db8::6", 503],
];

for (const [ip, status] of CLIENTS) {
  Deno.test(`underMaintenance: ${ip} gets ${status}`, async () => {
    const allow = ["192.0.2.0/24", "2001:db8::5"].map((block) => parseCidr(block)!);
    assert.equal((await ask({ allow }, { client: { ip, port: 1 } })).status, status);
  });
}
