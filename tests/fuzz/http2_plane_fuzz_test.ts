import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { openLibc } from "../../lib/linux/libc.ts";
import { setListenerNoDelay } from "../../lib/linux/listener_no_delay.ts";
import { makeCertificate } from "../support/certificates.ts";
import { makeGoodAnswer } from "../support/hostile_answers.ts";
import type { RawField } from "../support/http2_frames.ts";
import { Random } from "../support/random.ts";
import { openRawHttp2, type RawHttp2 } from "../support/raw_http2.ts";
import { clientOf, RecordingPlane, valuesOf } from "../support/recording_plane.ts";
import type { RecordedRequest } from "../support/recording_upstream.ts";

const SEED = 91_133;
const ROUNDS = 600;
const HOST = "app.example.org";
/** The client opens no windows: what it gets over one connection fits into the first 64 KiB. */
const REQUESTS_MAX = 100;
const ANSWER_MAX_BYTES = 600;

const CLIENT = "203.0.113.9";

/** What would be a request of its own, if it reached an HTTP/1.1 server as it is. */
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: evil.example\r\n\r\n";

const PATHS = [
  "/a?b",
  "/a%20b//c/../d",
  "/a b",
  "/a HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  `/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n${SMUGGLED}`,
  "/a\tb",
  "/a\0b",
  "/a\nb",
  "/a\xe9b",
  "/a#b",
  "/a\\b",
  "a",
  "",
  "*",
  ".evil.example/",
  "@evil.example/",
  ":80/",
  "?a",
  "//evil.example/x",
  "http://evil.example/x",
  "https://evil.example/x",
];
const METHODS = [
  "GET",
  "POST",
  "HEAD",
  "OPTIONS",
  "PUT",
  "get",
  "CONNECT",
  "",
  "GET / HTTP/1.1\r\nX: y\r\n\r\nGET",
  "G T",
  "GET\n",
  "PRI",
];
const AUTHORITIES = [
  HOST,
  HOST,
  HOST.toUpperCase(),
  `${HOST}:443`,
  "evil.example",
  `a@${HOST}`,
  `${HOST}/x`,
  `${HOST}\r\nX: y`,
  `${HOST} x`,
  `${HOST}#x`,
  `${HOST}?x`,
  `${HOST}\\x`,
  "",
];
const NAMES = [
  "x-a",
  "X-Upper",
  "te",
  "transfer-encoding",
  "content-length",
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "host",
  "expect",
  "trailer",
  "http2-settings",
  "x-real-ip",
  "x_real_ip",
  "via",
  "cookie",
  "content_length",
  "x a",
  "x:a",
  "x-a\r\nx-b: c\r\nx-d",
  "x-a\0",
  "\xe9",
  "",
  ":path",
  ":method",
  ":authority",
  ":scheme",
  ":status",
  ":protocol",
];
const VALUES = [
  "a",
  "",
  "trailers",
  "chunked",
  "gzip, chunked",
  "0",
  "5",
  "5, 5",
  "+5",
  "99",
  "close",
  "x-real-ip, via, content-length",
  "h2c",
  "websocket",
  HOST,
  "evil.example",
  "100-continue",
  "6.6.6.6",
  "a\r\nTransfer-Encoding: chunked",
  `a\r\n\r\n${SMUGGLED}`,
  "a\nb",
  "a\rb",
  "a\0b",
  "\xe9\x80",
  " a ",
  "/x",
  "a=b",
];
const BODIES = [undefined, undefined, "", "hello", SMUGGLED, `0\r\n\r\n${SMUGGLED}`];

interface Http2Request {
  readonly fields: readonly RawField[];
  readonly body: string | undefined;
}

function makeHostile(random: Random): Http2Request {
  const oneIn = (chances: number) => random.below(chances) === 0;
  const body = random.pick(BODIES);
  const method = oneIn(6) ? random.pick(METHODS) : body === undefined ? "GET" : "POST";
  const pseudo: RawField[] = [
    [":method", method],
    [":scheme", oneIn(12) ? random.pick(["http", "ftp", "https\r\n", ""]) : "https"],
    [":authority", oneIn(6) ? random.pick(AUTHORITIES) : HOST],
    [":path", oneIn(4) ? random.pick(PATHS) : "/fine"],
  ];
  if (oneIn(10)) pseudo.splice(random.below(4), 1);
  if (oneIn(10)) pseudo.push(random.pick(pseudo));
  const regular = Array.from(
    { length: random.below(4) },
    (): RawField => [
      oneIn(4) ? random.pick(NAMES) : "x-fine",
      oneIn(3) ? random.pick(VALUES) : "a",
    ],
  );
  if (body !== undefined && oneIn(3)) regular.push(["content-length", `${body.length}`]);
  const fields = [...pseudo, ...regular];
  // Pseudo-header fields stand first (RFC 9113 §8.3); some do not here.
  if (oneIn(10)) fields.push(...fields.splice(random.below(4), 1));
  return { fields, body };
}

/** Asks, each time over the connection before if it is still there. */
async function askAll(plane: RecordingPlane, requests: readonly Http2Request[], caPem: string) {
  const { book } = plane.fixture;
  const statuses: Record<string, number> = {};
  let open: { client: RawHttp2; slot: number; requests: number } | undefined;
  const close = () => {
    open?.client[Symbol.dispose]();
    if (open !== undefined) book.close(open.slot, systemClock.monotonic());
    open = undefined;
  };
  try {
    for (const request of requests) {
      open ??= await connect(plane, caPem);
      const before = plane.upstream.records.length;
      const outcome = await open.client.request(request.fields, { body: request.body });
      const key = outcome.kind === "answer" ? `${outcome.status}` : outcome.kind;
      statuses[key] = (statuses[key] ?? 0) + 1;
      check(request, plane.upstream.records.slice(before));
      const isSpent = ++open.requests === REQUESTS_MAX;
      if (outcome.kind !== "answer" || isSpent) close();
    }
  } finally {
    close();
  }
  return statuses;
}

async function connect(plane: RecordingPlane, caPem: string) {
  const { book, server } = plane.fixture;
  const to = { kind: "tcp", hostname: "127.0.0.1", port: server.port } as const;
  for (;;) {
    const client = await openRawHttp2(to, { serverName: HOST, caPem });
    const { hostname: sourceIp, port: sourcePort } = client.client.connection
      .localAddr as Deno.NetAddr;
    const key = { sourceIp, sourcePort, listenerPort: server.port };
    const opened = book.open(key, { ip: CLIENT, port: 50_000 }, systemClock.monotonic());
    if (opened.kind === "open") return { client, slot: opened.slot, requests: 0 };
    client[Symbol.dispose]();
  }
}

/** One request over HTTP/2 is one upstream, the same, or none. */
function check({ fields, body = "" }: Http2Request, records: readonly RecordedRequest[]): void {
  const describe = () =>
    JSON.stringify({ fields, body, came: records.map((each) => each.request) });
  assert.ok(records.length <= 1, `more than one: ${describe()}`);
  for (const { request } of records) {
    assert.equal(clientOf(request), CLIENT, describe());
    const only = (name: string) => {
      const values = fields.filter((field) => field[0] === name).map(([, value]) => value);
      assert.ok(values.length <= 1, describe());
      return values[0];
    };
    assert.equal(request.method, only(":method"), describe());
    assert.equal(request.target, only(":path"), describe());
    assert.equal(request.host, only(":authority") ?? only("host"), describe());
    const length = only("content-length");
    const isWhole = request.bodyState === "whole";
    if (isWhole) assert.equal(request.body, body, describe());
    if (length !== undefined && Number(length) !== body.length) {
      assert.equal(isWhole, false, describe());
    }
    for (const name of ["te", "connection", "upgrade", "expect", "keep-alive", "x_real_ip"]) {
      assert.deepEqual(valuesOf(request, name), [], describe());
    }
  }
}

Deno.test(`HTTP plane: ${ROUNDS} hostile HTTP/2 requests are one request upstream, or none (seed ${SEED})`, async () => {
  const certificate = await makeCertificate({ names: [HOST] });
  const answering = (record: RecordedRequest) => {
    const random = new Random(SEED ^ record.number);
    for (;;) {
      const answer = makeGoodAnswer(record, random);
      if (!answer.isTunnel && answer.text.length < ANSWER_MAX_BYTES) return answer;
    }
  };
  const libc = openLibc();
  // Or each first answer would wait 40 ms, see there.
  const onListen = (port: number) =>
    void (typeof libc !== "string" && setListenerNoDelay(libc, port));
  await using plane = new RecordingPlane(answering, { certificate, onListen });
  const random = new Random(SEED);
  const requests = Array.from({ length: ROUNDS }, () => makeHostile(random));
  const statuses = await askAll(plane, requests, certificate.certPem);
  await plane.expectNothingLeft();
  assert.deepEqual(plane.upstream.violations, []);
  assert.ok(plane.upstream.records.length > ROUNDS / 8, JSON.stringify(statuses));
});
