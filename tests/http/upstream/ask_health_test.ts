import assert from "node:assert/strict";
import type { HeaderLine, UpstreamRequest } from "../../../lib/http/message.ts";
import { askHealth } from "../../../lib/http/upstream/ask_health.ts";
import { prepareServer } from "../../../lib/http/upstream/upstream_server.ts";
import type { UpstreamClient } from "../../../lib/http/upstream/upstream_client.ts";
import { makeRoute, makeServer } from "../../support/route_configs.ts";

const { timeouts, upstreamTls: tls } = makeRoute("offload", ["a.example"]);

/** A client that notes the request and answers with a status. */
function makeClient(status: number) {
  const sent: UpstreamRequest[] = [];
  const client = {
    send(_server: unknown, request: UpstreamRequest) {
      sent.push(request);
      return Promise.resolve({ status, reason: "", headers: [], body: undefined });
    },
  } as unknown as Pick<UpstreamClient, "send">;
  return { client, sent };
}

const { signal } = new AbortController();

function hostIn(headers: readonly HeaderLine[]): string | undefined {
  return headers.find(([name]) => name === "Host")?.[1];
}

Deno.test("askHealth: sends a small GET that leaves no connection behind, and returns the status", async () => {
  const server = prepareServer(makeServer(8080), { tls, timeouts });
  const { client, sent } = makeClient(204);
  const question = { path: "/health?full", host: "a.example", signal };
  assert.equal(await askHealth(client, server, question), 204);
  const [{ method, target, headers, body }] = sent;
  assert.deepEqual([method, target, body], ["GET", "/health?full", undefined]);
  assert.equal(hostIn(headers), "a.example");
  assert.ok(headers.some(([name, value]) => name === "Connection" && value === "close"));
  assert.equal(sent[0].signal, signal);
});

Deno.test("askHealth: without a host asks for the server's own address", async () => {
  const { client, sent } = makeClient(200);
  const server = makeServer(8080);
  const addresses = [
    server.address,
    { kind: "tcp", hostname: "fd00::1", port: 80 },
    { kind: "unix", path: "/run/a.sock" },
  ] as const;
  for (const address of addresses) {
    const prepared = prepareServer({ ...server, address }, { tls, timeouts });
    await askHealth(client, prepared, { path: "/", host: undefined, signal });
  }
  assert.deepEqual(
    sent.map(({ headers }) => hostIn(headers)),
    ["127.0.0.1:8080", "[fd00::1]:80", "localhost"],
  );
});
