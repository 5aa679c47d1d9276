import assert from "node:assert/strict";
import { ECHO_FIELD, makeGoodAnswer, makeWrongAnswer } from "../support/hostile_answers.ts";
import { type HostileStream, makeHostileStream } from "../support/hostile_requests.ts";
import { Random } from "../support/random.ts";
import { clientOf, playClient, RecordingPlane, valuesOf } from "../support/recording_plane.ts";
import type { Answering, RecordedRequest } from "../support/recording_upstream.ts";
import type { StrictAnswer } from "../support/strict_answer.ts";
import { readStrictStream, type StrictRequest } from "../support/strict_request.ts";

const SEED = 44_191;

/** Clients at once, whose requests share the connections to the upstream. */
const CLIENTS = 8;

/** One client's stream with what became of it. */
interface Played extends HostileStream {
  readonly ip: string;
  /** What the client has really asked for, as a second parser reads it. */
  readonly asked: readonly StrictRequest[];
  readonly answers: readonly StrictAnswer[];
  readonly leaves: boolean;
}

/** The corpus may not be copied into the project; where it is absent, only our own rows are played. */
function readCorpus(): string[] {
  const file = new URL("../../../shared/corpus/http1_malformed.json", import.meta.url);
  try {
    const { cases } = JSON.parse(Deno.readTextFileSync(file)) as { cases: { raw: string }[] };
    return cases.map(({ raw }) => raw).filter((raw) => !/\{.\*\d+\}|\{clen\}/.test(raw));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

const CORPUS = readCorpus();

async function play(count: number, seed: number, answering: Answering): Promise<{
  readonly played: Played[];
  readonly records: readonly RecordedRequest[];
}> {
  await using plane = new RecordingPlane(answering, {});
  const played: Played[] = [];
  let next = 0;
  const playSome = async () => {
    while (next < count) played.push(await playOne(plane, seed, next++));
  };
  await Promise.all(Array.from({ length: CLIENTS }, playSome));
  await plane.expectNothingLeft();
  assert.deepEqual(plane.upstream.violations, [], "what the upstream could not read");
  const byClient = Map.groupBy(plane.upstream.records, ({ request }) => clientOf(request));
  for (const one of played) check(one, byClient.get(one.ip) ?? [], plane.upstream.records);
  return { played, records: plane.upstream.records };
}

async function playOne(plane: RecordingPlane, seed: number, index: number): Promise<Played> {
  const random = new Random(seed ^ Math.imul(index + 1, 0x9e3779b1));
  const ip = `10.${index >> 16}.${index >> 8 & 255}.${index & 255}`;
  const stream = makeHostileStream(random, `h${index}.example.org`, CORPUS);
  const asked = readStrictStream(stream.text);
  const leaves = random.below(12) === 0;
  const pieceMaxBytes = random.pick([1 << 20, 1 << 20, 2_000, 40]);
  const cuts = random.cuts(
    stream.text.length,
    Math.max(pieceMaxBytes, stream.text.length / 20 | 0),
  );
  const methods = asked.filter(isWhole).map(({ method }) => method);
  const answers = await playClient(plane, { ip, text: stream.text, cuts, methods, leaves });
  return { ...stream, ip, asked, answers, leaves };
}

const isWhole = ({ bodyState }: StrictRequest) => bodyState === "whole";

/** The four promises, for one client. */
function check(
  { text, ip, asked, answers }: Played,
  own: readonly RecordedRequest[],
  all: readonly RecordedRequest[],
): void {
  const describe = () => `${ip} wrote ${JSON.stringify(text)}`;
  let at = 0;
  for (const [index, record] of own.entries()) {
    const before = own[index - 1];
    const isAgain = before?.isUnanswered && isSame(record.request, asked[at - 1]);
    if (isAgain && before.place > 0) continue;
    while (at < asked.length && !isSame(record.request, asked[at])) at++;
    assert.ok(
      at < asked.length,
      `nobody asked for ${JSON.stringify(record.request)}: ${describe()}`,
    );
    at++;
    expectClean(record.request, asked[at - 1]);
  }
  let last = -1;
  for (const [index, answer] of answers.entries()) {
    for (const echo of valuesOf(answer, ECHO_FIELD)) {
      const record = all[Number(echo)];
      assert.ok(record !== undefined, `a forged answer: ${describe()}`);
      assert.equal(clientOf(record.request), ip, `somebody else's answer: ${describe()}`);
      assert.ok(
        isSame(record.request, asked[index]),
        `an answer to another request: ${describe()}`,
      );
      assert.ok(record.number > last, `an answer twice: ${describe()}`);
      last = record.number;
      if (/^(?:\d+;)+$/.test(answer.body)) {
        assert.ok(answer.body.startsWith(`${echo};`), describe());
      }
    }
  }
}

/** Says whether what has come is what was asked for, as far as it has come. */
function isSame(came: StrictRequest, asked: StrictRequest | undefined): boolean {
  if (asked === undefined) return false;
  const { method, target, host, body } = asked;
  if (came.method !== method || came.target !== target || came.host !== host) return false;
  return isWhole(came) ? isWhole(asked) && came.body === body : body.startsWith(came.body);
}

const NEVER_PASSED = /^(?:te|keep-alive|proxy-connection|http2-settings|trailer|x_real_ip)$/i;

/** What concerns the client's connection alone, or was never the client's to say. */
function expectClean({ headers, trailers }: StrictRequest, asked: StrictRequest): void {
  const framing = /^(?:content[-_]length|transfer[-_]encoding)$/i;
  assert.ok(headers.filter(([name]) => framing.test(name)).length <= 1, JSON.stringify(headers));
  const nominatesHop = valuesOf(asked, "connection").some((value) => value.includes("X-Hop"));
  const gone = nominatesHop ? /^(?:x-hop|keep-alive)$/i : NEVER_PASSED;
  assert.deepEqual(headers.filter(([name]) => gone.test(name)), []);
  for (const [name, value] of trailers) {
    assert.ok(asked.trailers.some((line) => line[0] === name && line[1] === value), name);
    assert.doesNotMatch(name, /^(?:content-length|transfer-encoding|host|x-real-ip|x-forwarded-)/i);
  }
  for (const [name, value] of headers) {
    if (/^connection$/i.test(name)) assert.equal(value, "Upgrade");
    if (/^upgrade$/i.test(name)) assert.doesNotMatch(value, /\b(?:h2c?|http|tls)\b/i);
  }
}

function answering(seed: number, wrongOneIn: number): Answering {
  return (record) => {
    const random = new Random(seed ^ Math.imul(record.number + 1, 0x85ebca6b));
    const isWrong = wrongOneIn > 0 && random.below(wrongOneIn) === 0;
    return (isWrong ? makeWrongAnswer : makeGoodAnswer)(record, random);
  };
}

/** Says that each of these statuses was answered to somebody. */
function expectStatuses(played: readonly Played[], wanted: readonly number[]): void {
  const statuses = new Set(played.flatMap(({ answers }) => answers.map(({ status }) => status)));
  for (const status of wanted) assert.ok(statuses.has(status), `nobody got ${status}`);
}

const corpusNote = CORPUS.length === 0 ? ", without the corpus" : "";

Deno.test(`HTTP plane: 3,000 hostile clients smuggle nothing (seed ${SEED}${corpusNote})`, async () => {
  const { played, records } = await play(3_000, SEED, answering(SEED, 0));
  let good = 0;
  for (const { asked, answers, goodCount, leaves } of played) {
    if (goodCount === undefined) continue;
    assert.equal(asked.length, goodCount);
    if (leaves || answers.some(({ status }) => status === 101)) continue;
    good += goodCount;
    assert.deepEqual(answers.map(({ bodyState }) => bodyState), asked.map(() => "whole"));
    assert.ok(answers.every((answer) => valuesOf(answer, ECHO_FIELD).length === 1));
  }
  assert.ok(good > 800 && records.length > 2_000, `${good} good ones, ${records.length} records`);
  expectStatuses(played, [101, 200, 204, 304, 400, 405, 417, 501, 505]);
});

Deno.test(`HTTP plane: 3,000 hostile clients of an upstream that lies (seed ${SEED}${corpusNote})`, async () => {
  const { played, records } = await play(3_000, SEED + 1, answering(SEED, 3));
  const reused = records.filter(({ place }) => place > 0).length;
  assert.ok(records.length > 2_000 && reused > 500, `${records.length} records, ${reused} reused`);
  expectStatuses(played, [101, 200, 204, 304, 400, 413, 502]);
});

for (const bytes of [100, 100_000]) {
  Deno.test(`HTTP plane: what follows an answer of ${bytes} bytes is nobody's`, async () => {
    const content = "x".repeat(bytes);
    await using plane = new RecordingPlane(({ number }) => ({
      text: `HTTP/1.1 200 OK\r\nX-Echo: ${number}\r\nContent-Length: ${bytes}\r\n\r\n${content}` +
        "HTTP/1.1 200 OK\r\nX-Echo: forged\r\nContent-Length: 6\r\n\r\nforged",
    }), {});
    const methods = ["GET", "GET", "GET", "GET"];
    const text = "GET / HTTP/1.1\r\nHost: app.example.org\r\n\r\n".repeat(methods.length);
    await Promise.all(Array.from({ length: CLIENTS * 10 }, async (_, index) => {
      const ip = `10.0.0.${index}`;
      const client = { ip, text, cuts: [text.length], methods, leaves: false };
      const answers = await playClient(plane, client);
      const echoes = answers.flatMap((answer) => valuesOf(answer, ECHO_FIELD));
      const own = plane.recordsOf(ip).map(({ number }) => `${number}`);
      assert.deepEqual(echoes, own);
      assert.equal(own.length, methods.length);
    }));
    await plane.expectNothingLeft();
  });
}
