import assert from "node:assert/strict";
import type { FailureKind } from "../../../lib/base/failures.ts";
import { type Fault, FAULTS, startBrokenUpstream } from "../../support/broken_upstream.ts";
import {
  failureOf,
  makeClient,
  makeRequest,
  readText,
  serverAt,
  until,
} from "../../support/upstream_requests.ts";

/** What each fault leads to, at the head or within the body. */
const OUTCOMES: Record<Fault, FailureKind> = {
  closes_without_answer: "upstream_closed",
  resets_without_answer: "upstream_closed",
  resets_within_head: "upstream_closed",
  closes_within_head: "upstream_closed",
  hangs: "upstream_timeout",
  hangs_within_head: "upstream_timeout",
  hangs_within_body: "upstream_timeout",
  speaks_garbage: "upstream_malformed",
  speaks_ssh: "upstream_malformed",
  ends_lines_with_lf: "upstream_malformed",
  has_huge_head: "upstream_too_large",
  has_endless_head: "upstream_too_large",
  has_many_lines: "upstream_too_large",
  storms_with_interim: "upstream_too_large",
  switches_protocols: "upstream_malformed",
  differs_in_length: "upstream_malformed",
  has_both_framings: "upstream_malformed",
  dies_within_length: "upstream_closed",
  dies_within_chunk: "upstream_closed",
  dies_before_last_chunk: "upstream_closed",
  breaks_chunk: "upstream_malformed",
  has_huge_chunk_line: "upstream_too_large",
};

for (const [fault, kind] of Object.entries(OUTCOMES) as [Fault, FailureKind][]) {
  Deno.test(`UpstreamClient: a server that ${fault} leads to ${kind}, and nothing stays open`, async () => {
    await using upstream = startBrokenUpstream(FAULTS[fault]);
    using client = makeClient();
    const responseMs = kind === "upstream_timeout" ? 100 : 5_000;
    const server = serverAt(upstream.address, { responseMs });
    const failure = await failureOf(client.send(server, makeRequest()).then(readText));
    assert.equal(failure.kind, kind);
    assert.equal(client.openConnections, 0);
    await until(() => upstream.open === 0, "the server sees the end");
  });
}

Deno.test("UpstreamClient: 1,000 faults leave no connection and no listener of the signal", async () => {
  const quick = (Object.keys(FAULTS) as Fault[]).filter((fault) => !fault.startsWith("hangs"));
  await using upstream = startBrokenUpstream((peer) =>
    FAULTS[quick[peer.index % quick.length]](peer)
  );
  using client = makeClient();
  const server = serverAt(upstream.address);
  let listeners = 0;
  const signal = new AbortController().signal;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (
    ...args: Parameters<typeof remove>
  ) => (listeners--, remove(...args));
  await Promise.all(Array.from({ length: 20 }, async () => {
    for (let round = 0; round < 50; round++) {
      await failureOf(client.send(server, makeRequest({ signal })).then(readText));
    }
  }));
  assert.equal(client.openConnections, 0);
  assert.equal(listeners, 0);
  await until(() => upstream.open === 0, "the server sees every end");
  assert.equal(upstream.accepted, 1_000);
});
