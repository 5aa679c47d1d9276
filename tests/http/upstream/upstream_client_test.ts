import assert from "node:assert/strict";
import { decodeLatin1 } from "../../../lib/http/http1/latin1.ts";
import { FAULTS, type Script, startBrokenUpstream } from "../../support/broken_upstream.ts";
import { findFreePort } from "../../support/free_port.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";
import {
  failureOf,
  makeBody,
  makeClient,
  makeRequest,
  openBodyOf,
  piecesOf,
  readText,
  serverAt,
  until,
} from "../../support/upstream_requests.ts";

/** Far more pieces of 64 KiB than the sockets of any machine hold, which may be tuned for long ways. */
const SOCKETS_MAX_PIECES = 1_024;

const HELLO = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/** Answers every request on a connection. */
const answering: Script = async (peer) => {
  for (;;) {
    await peer.readHead();
    await peer.write(HELLO);
  }
};

Deno.test("UpstreamClient: requests one after the other use one connection", async () => {
  await using upstream = startBrokenUpstream(answering);
  using client = makeClient();
  for (let round = 0; round < 5; round++) {
    const response = await client.send(serverAt(upstream.address), makeRequest());
    assert.equal(await readText(response), "hello");
    assert.deepEqual([client.openConnections, client.idleConnections], [1, 1]);
  }
  assert.equal(upstream.accepted, 1);
});

Deno.test("UpstreamClient: requests at the same time have connections of their own", async () => {
  await using upstream = startBrokenUpstream(answering);
  using client = makeClient();
  const server = serverAt(upstream.address);
  const texts = await Promise.all(
    Array.from({ length: 10 }, () => client.send(server, makeRequest()).then(readText)),
  );
  assert.deepEqual(texts, Array(10).fill("hello"));
  assert.equal(client.idleConnections, 10);
});

Deno.test("UpstreamClient: speaks over Unix sockets", async () => {
  using folder = makeTempFolder();
  const path = `${folder.path}/app.sock`;
  using listener = Deno.listen({ transport: "unix", path });
  const serving = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(1_000));
    await connection.write(new TextEncoder().encode(HELLO));
  })();
  using client = makeClient();
  const response = await client.send(serverAt({ kind: "unix", path }), makeRequest());
  assert.equal(await readText(response), "hello");
  await serving;
});

Deno.test("UpstreamClient: a server that is not there is refused", async () => {
  using client = makeClient();
  const cases = [
    { kind: "tcp", hostname: "127.0.0.1", port: findFreePort() },
    { kind: "unix", path: "/nonexistent/app.sock" },
  ] as const;
  for (const address of cases) {
    const failure = await failureOf(client.send(serverAt(address), makeRequest()));
    assert.equal(failure.kind, "upstream_refused");
  }
  assert.equal(client.openConnections, 0);
});

Deno.test("UpstreamClient: a connection that is closed while idle is not used", async () => {
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write(HELLO);
  });
  using client = makeClient();
  const server = serverAt(upstream.address);
  for (let round = 1; round <= 3; round++) {
    await client.send(server, makeRequest());
    await until(() => client.openConnections === 0, "the close is noticed");
    assert.equal(upstream.accepted, round);
  }
  assert.equal(client.counters.get("upstream_retries"), 0);
});

Deno.test("UpstreamClient: bytes sent on an idle connection are never an answer", async () => {
  const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
  const told = Promise.withResolvers<void>();
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write(HELLO);
    if (peer.index === 0) {
      await told.promise;
      await peer.write(forged);
    }
    await peer.untilGone();
  });
  using client = makeClient();
  const server = serverAt(upstream.address);
  await client.send(server, makeRequest());
  told.resolve();
  await until(() => client.openConnections === 0, "the unasked bytes are noticed");
  assert.equal(await readText(await client.send(server, makeRequest())), "hello");
  assert.equal(upstream.accepted, 2);
});

/** Answers the first request of its first connection, and ends that at the second request. */
const stale: Script = async (peer) => {
  await peer.readHead();
  await peer.write(HELLO);
  await peer.readHead();
  if (peer.index > 0) await peer.write(HELLO);
};

Deno.test("UpstreamClient: a stale connection costs one more try, if it may be tried again", async () => {
  const cases: [method: string, hasBody: boolean, isRetried: boolean][] = [
    ["GET", false, true],
    ["HEAD", false, true],
    ["DELETE", false, true],
    ["POST", false, false],
    ["PATCH", false, false],
    ["get", false, false],
    ["PUT", true, false],
    ["POST", true, false],
  ];
  for (const [method, hasBody, isRetried] of cases) {
    await using upstream = startBrokenUpstream(stale);
    using client = makeClient();
    const server = serverAt(upstream.address);
    await client.send(server, makeRequest());
    const body = hasBody ? makeBody(["x"], { length: 1 }) : undefined;
    const sending = client.send(server, makeRequest({ method, body }));
    if (isRetried) assert.equal((await sending).status, 200, method);
    else assert.equal((await failureOf(sending)).kind, "upstream_stale", method);
    assert.equal(client.counters.get("upstream_retries"), isRetried ? 1 : 0);
  }
});

Deno.test("UpstreamClient: a body that was not read from may be sent over another connection", async () => {
  for (const [method, isRetried] of [["PUT", true], ["DELETE", true], ["POST", false]] as const) {
    await using upstream = startBrokenUpstream(async (peer) => {
      await peer.readHead();
      if (peer.index > 0) {
        await peer.write("HTTP/1.1 100 Continue\r\n\r\n");
        assert.equal(decodeLatin1(await peer.read() ?? assert.fail("no body")), "x");
      }
      await peer.write(HELLO);
      await peer.readHead();
    });
    using client = makeClient();
    const server = serverAt(upstream.address);
    await client.send(server, makeRequest());
    const body = makeBody(["x"], { length: 1 });
    const sending = client.send(server, makeRequest({ method, body, expectsContinue: true }));
    if (!isRetried) {
      assert.equal((await failureOf(sending)).kind, "upstream_stale");
      assert.deepEqual([body.isTouched, body.isCancelled], [false, false]);
      continue;
    }
    assert.equal((await sending).status, 200, method);
    assert.deepEqual([body.isCancelled, client.idleConnections], [false, 1]);
    assert.equal(client.counters.get("upstream_retries"), 1);
  }
});

Deno.test("UpstreamClient: the second try is not on another old connection, and the last one", async () => {
  const together = Promise.withResolvers<void>();
  let waiting = 0;
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    if (peer.index < 3 && ++waiting === 3) together.resolve();
    if (peer.index < 3) await together.promise;
    if (peer.index < 3) await peer.write(HELLO);
    await peer.readHead();
  });
  using client = makeClient();
  const server = serverAt(upstream.address);
  await Promise.all([1, 2, 3].map(() => client.send(server, makeRequest())));
  assert.equal(client.idleConnections, 3);
  // The fourth connection reads the head, waits for another and is cut by the limit.
  const impatient = serverAt(upstream.address, { responseMs: 2_000 });
  const failure = await failureOf(client.send(impatient, makeRequest()));
  assert.equal(failure.kind, "upstream_timeout");
  assert.equal(upstream.accepted, 4);
  assert.equal(client.idleConnections, 2);
});

Deno.test("UpstreamClient: the client's leaving is noticed before anything else in every phase", async () => {
  for (const fault of ["hangs", "hangs_within_head", "hangs_within_body"] as const) {
    await using upstream = startBrokenUpstream(FAULTS[fault]);
    using client = makeClient();
    const abort = new AbortController();
    const request = makeRequest({ signal: abort.signal });
    const failure = failureOf(client.send(serverAt(upstream.address), request).then(readText));
    await until(() => upstream.accepted === 1, "the connection is there");
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    // No timer or socket has a turn until then.
    const turn = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 0));
    assert.equal((await Promise.race([failure, turn]))?.kind, "client_gone", fault);
    assert.equal(client.openConnections, 0);
    await until(() => upstream.open === 0, "the server sees the end");
  }
});

Deno.test("UpstreamClient: a request whose client has left already is not sent", async () => {
  await using upstream = startBrokenUpstream(answering);
  using client = makeClient();
  const body = makeBody(["x"], { length: 1 });
  const request = makeRequest({ method: "POST", body, signal: AbortSignal.abort() });
  const failure = await failureOf(client.send(serverAt(upstream.address), request));
  assert.equal(failure.kind, "client_gone");
  assert.deepEqual([body.isTouched, body.isCancelled], [false, false], "still the caller's");
  assert.equal(upstream.accepted, 0);
});

Deno.test("UpstreamClient: what cannot be written is refused before anything is sent", async () => {
  await using upstream = startBrokenUpstream(answering);
  using client = makeClient();
  const body = makeBody(["x"], { length: 1 });
  const request = makeRequest({ method: "POST", body, headers: [["Host", "a\r\nX: y"]] });
  const failure = await failureOf(client.send(serverAt(upstream.address), request));
  assert.equal(failure.kind, "client_malformed");
  assert.deepEqual([body.isTouched, body.isCancelled], [false, false], "still the caller's");
  assert.equal(upstream.accepted, 0);
});

Deno.test("UpstreamClient: an early answer to a large upload ends it", async () => {
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.read();
    await peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    await peer.untilGone();
  });
  using client = makeClient();
  function* endless() {
    for (;;) yield new Uint8Array(65_536);
  }
  const body = makeBody(endless());
  const response = await client.send(
    serverAt(upstream.address),
    makeRequest({ method: "POST", body }),
  );
  assert.equal(response.status, 413);
  assert.equal(await readText(response), "no");
  assert.equal(body.isCancelled, true);
  assert.equal(client.openConnections, 0);
});

Deno.test("UpstreamClient: an upload that the server does not read stops, and has a limit", async () => {
  const over = Promise.withResolvers<void>();
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await over.promise;
  });
  using client = makeClient();
  let pieces = 0;
  function* counted() {
    for (;; pieces++) yield new Uint8Array(65_536);
  }
  const request = makeRequest({ method: "PUT", body: makeBody(counted()) });
  const server = serverAt(upstream.address, { responseMs: 200 });
  assert.equal((await failureOf(client.send(server, request))).kind, "upstream_timeout");
  over.resolve();
  // What the sockets of both sides hold; the rest was never asked for.
  assert.ok(pieces < SOCKETS_MAX_PIECES, `${pieces} pieces`);
  assert.equal(client.openConnections, 0);
});

Deno.test("UpstreamClient: a download that nobody reads holds the server back", async () => {
  let sent = 0;
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write("HTTP/1.1 200 OK\r\n\r\n");
    for (;; sent++) await peer.write(new Uint8Array(65_536));
  });
  using client = makeClient();
  const response = await client.send(serverAt(upstream.address), makeRequest());
  const body = openBodyOf(response);
  await body.read(new Uint8Array(65_536));
  const progress = { sent: -1, stillPolls: 0 };
  await until(() => {
    progress.stillPolls = sent === progress.sent ? progress.stillPolls + 1 : 0;
    progress.sent = sent;
    return progress.stillPolls === 100;
  }, "the server is held back");
  assert.ok(sent < SOCKETS_MAX_PIECES, `${sent} pieces`);
  body.cancel();
  assert.equal(client.openConnections, 0);
});

Deno.test("UpstreamClient: bodies arrive whole both ways, around each buffer's size", async () => {
  const sizes = [1, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 1_000_000];
  for (const framing of ["length", "chunked"] as const) {
    await using upstream = startBrokenUpstream(echoBody);
    using client = makeClient();
    for (const size of sizes) {
      const data = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
      const pieces = function* () {
        for (let at = 0; at < size; at += data.length) yield data.subarray(0, size - at);
      };
      const length = framing === "length" ? size : undefined;
      const body = makeBody(pieces(), { length });
      const response = await client.send(
        serverAt(upstream.address),
        makeRequest({ method: "POST", body, headers: [["Host", "a"], ["X-Size", `${size}`]] }),
      );
      let at = 0;
      for await (const bytes of piecesOf(response.body ?? assert.fail("no body"))) {
        for (const byte of bytes) if (byte !== data[at++ % data.length]) assert.fail(`byte ${at}`);
      }
      assert.equal(at, size);
      assert.equal(client.idleConnections, 1, `${framing} ${size}`);
    }
    assert.equal(upstream.accepted, 1);
  }
});

/** Sends back the body it gets, framed in the same way. */
const echoBody: Script = async (peer) => {
  for (;;) {
    const head = await peer.readHead();
    const isChunked = /chunked/i.test(head);
    const size = Number(/X-Size: (\d+)/.exec(head)?.[1]);
    const framing = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${size}`;
    await peer.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
    let tail = "";
    for (let count = 0; isChunked ? !tail.endsWith("\r\n0\r\n\r\n") : count < size;) {
      const bytes = await peer.read();
      if (bytes === undefined) return;
      count += bytes.length;
      tail = (tail + String.fromCharCode(...bytes.subarray(-7))).slice(-7);
      await peer.write(bytes);
    }
  }
};

Deno.test("UpstreamClient: interim responses are told in order", async () => {
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    await peer.write(HELLO);
  });
  using client = makeClient();
  const interim: unknown[] = [];
  await client.send(serverAt(upstream.address), makeRequest(), {
    onInterim: (status, headers) => interim.push([status, headers]),
  });
  assert.deepEqual(interim, [[103, [["Link", "</a>"]]]]);
});

Deno.test("UpstreamClient: closing it ends idle connections now and busy ones after their exchange", async () => {
  const released = Promise.withResolvers<void>();
  await using upstream = startBrokenUpstream(async (peer) => {
    await peer.readHead();
    await peer.write(HELLO.slice(0, -3));
    if (peer.index === 0) await released.promise;
    await peer.write(HELLO.slice(-3));
    await peer.untilGone();
  });
  const client = makeClient();
  const server = serverAt(upstream.address);
  const busy = await client.send(server, makeRequest());
  assert.equal(await readText(await client.send(server, makeRequest())), "hello");
  assert.deepEqual([client.openConnections, client.idleConnections], [2, 1]);
  client.close();
  assert.deepEqual([client.openConnections, client.idleConnections], [1, 0]);
  released.resolve();
  assert.equal(await readText(busy), "hello");
  assert.equal(client.openConnections, 0);
});
