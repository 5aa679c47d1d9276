import assert from "node:assert/strict";
import type { FailureKind } from "../../../lib/base/failures.ts";
import {
  type Fault,
  FAULTS,
  type Quirk,
  QUIRKS,
  type Script,
  startBrokenUpstream,
} from "../../support/broken_upstream.ts";
import {
  failureOf,
  makeBody,
  makeClient,
  makeRequest,
  readText,
  serverAt,
  until,
} from "../../support/upstream_requests.ts";

function* endless(): Generator<Uint8Array> {
  for (;;) yield new Uint8Array(65_536);
}

/** What each fault leads to, at the head or within the body. */
const OUTCOMES: Record<Fault, FailureKind> = {
  closes_without_answer: "upstream_closed",
  resets_without_answer: "upstream_closed",
  resets_within_head: "upstream_closed",
  closes_within_head: "upstream_closed",
  hangs: "upstream_timeout",
  hangs_within_head: "upstream_timeout",
  hangs_within_body: "upstream_timeout",
  hangs_within_chunk: "upstream_timeout",
  hangs_before_last_chunk: "upstream_timeout",
  hangs_after_interim: "upstream_timeout",
  speaks_garbage: "upstream_malformed",
  speaks_ssh: "upstream_malformed",
  speaks_http2: "upstream_closed",
  speaks_http_0_9: "upstream_malformed",
  has_other_version: "upstream_malformed",
  has_unknown_status: "upstream_malformed",
  begins_with_empty_line: "upstream_malformed",
  folds_lines: "upstream_malformed",
  has_space_before_colon: "upstream_malformed",
  has_nul_in_value: "upstream_malformed",
  has_cr_in_value: "upstream_malformed",
  ends_lines_with_lf: "upstream_malformed",
  has_huge_head: "upstream_too_large",
  has_endless_head: "upstream_too_large",
  has_many_lines: "upstream_too_large",
  storms_with_continue: "upstream_too_large",
  storms_with_interim: "upstream_too_large",
  switches_protocols: "upstream_malformed",
  differs_in_length: "upstream_malformed",
  has_both_framings: "upstream_malformed",
  has_negative_length: "upstream_malformed",
  has_signed_length: "upstream_malformed",
  has_hex_length: "upstream_malformed",
  has_length_past_numbers: "upstream_malformed",
  has_other_coding: "upstream_malformed",
  chunks_in_http_1_0: "upstream_malformed",
  has_chunk_size_past_numbers: "upstream_malformed",
  has_negative_chunk_size: "upstream_malformed",
  ends_chunk_lines_with_lf: "upstream_malformed",
  has_malformed_trailer: "upstream_malformed",
  has_endless_trailers: "upstream_too_large",
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
    const responseMs = kind === "upstream_timeout" ? 100 : 60_000;
    const server = serverAt(upstream.address, { responseMs });
    const failure = await failureOf(client.send(server, makeRequest()).then(readText));
    assert.equal(failure.kind, kind);
    assert.equal(client.openConnections, 0);
    await until(() => upstream.open === 0, "the server sees the end");
  });
}

for (const quirk of Object.keys(QUIRKS) as Quirk[]) {
  Deno.test(`UpstreamClient: a server that ${quirk} is answered for once, and its connection not used again`, async () => {
    await using upstream = startBrokenUpstream(QUIRKS[quirk]);
    using client = makeClient();
    const server = serverAt(upstream.address);
    for (let round = 1; round <= 3; round++) {
      const answer = await client.send(server, makeRequest());
      const expected = answer.status === 200 ? "hello" : "";
      assert.equal(await readText(answer), expected);
      await until(() => client.openConnections === 0, "the rest is noticed");
      assert.equal(upstream.accepted, round);
    }
    assert.equal(client.counters.get("upstream_retries"), 0);
  });
}

Deno.test("UpstreamClient: an answer in the middle of an upload, whatever becomes of the connection", async () => {
  const early: Script[] = [
    async (peer) => {
      await peer.readHead();
      await peer.write("HTTP/1.1 413 x\r\nContent-Length: 5\r\n\r\nhello");
      await peer.untilGone();
    },
    async (peer) => {
      await peer.readHead();
      await peer.write("HTTP/1.1 413 x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
      await peer.end();
      await peer.untilGone();
    },
    async (peer) => {
      await peer.readHead();
      await peer.write(
        "HTTP/1.1 413 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      );
      while ((await peer.read())?.length === 65_536);
    },
  ];
  for (const script of early) {
    await using upstream = startBrokenUpstream(script);
    using client = makeClient();
    const body = makeBody(endless());
    const request = makeRequest({ method: "PUT", body });
    const answer = await client.send(serverAt(upstream.address), request);
    assert.equal(answer.status, 413);
    assert.equal(await readText(answer), "hello");
    assert.equal(body.isCancelled, true);
    assert.equal(client.openConnections, 0);
  }
});

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
