/** Random frames against the HTTP/2 engine, with an application that says what it was asked. */
import assert from "node:assert/strict";
import { Failure } from "../../lib/base/failures.ts";
import type { Exchange } from "../../lib/http/exchange.ts";
import { decodeLatin1 } from "../../lib/http/http1/latin1.ts";
import type { Answer } from "../../lib/http/message.ts";
import { pieces, textAnswer } from "../support/http1_place.ts";
import { concat, encodeSettings, encodeWindowUpdate, SETTING } from "../support/http2_frames.ts";
import { HTTP2_HOST, Http2Place } from "../support/http2_place.ts";
import { Http2Play } from "../support/http2_plays.ts";
import { PoisonedPool } from "../support/poisoned_pool.ts";
import { Random } from "../support/random.ts";
import { SentHttp2, type SentRequest } from "../support/sent_http2.ts";

const SEED = 91_135_401;
const ROUNDS = 300;
const STEPS_MAX = 60;

/** The application gives up and so do all limits by then. */
const LONG_MS = 3 * 3_600_000;

/** What all rounds together may leave behind. */
const GROWTH_MAX_BYTES = 100 * 1_048_576;

/** A body as the application has read it, by its target. */
interface Read {
  readonly target: string;
  readonly text: string;
  readonly isWhole: boolean;
}

/** Reads and answers by the path, at the pace of the client's clock. */
class RecordingApplication {
  readonly reads: Read[] = [];
  #wait: (ms: number) => Promise<void> = () => Promise.resolve();

  /** Gives it the clock that its answers wait by. */
  useClock({ clock }: Http2Place): void {
    this.#wait = (ms) => new Promise((resolve) => void clock.after(ms, resolve));
  }

  async answer(exchange: Exchange): Promise<Answer> {
    const { target } = exchange;
    const [, how] = target.split("/");
    if (how === "throw") throw new Error("a defect");
    if (how === "early") return textAnswer(`for ${target}`);
    if (how === "late") await this.#wait(1_000);
    if (how === "interim") exchange.sendInterim(103, [["Link", target]]);
    await this.#read(exchange, how === "slow");
    const answer = textAnswer(`for ${target}`);
    const trailers = [["X-For", target]] as const;
    if (how === "trailers") return { ...answer, trailers };
    if (how === "break") return { ...answer, body: pieces([`for ${target}`, new Error("cut")]) };
    if (how === "large") return textAnswer(`for ${target} ${"x".repeat(40_000)}`);
    if (how !== "stream") return answer;
    return { ...answer, body: { ...pieces([`for ${target}`, this.#wait(10), "."]), trailers } };
  }

  async #read({ body, target }: Exchange, isSlow: boolean): Promise<void> {
    if (body === undefined) return void this.reads.push({ target, text: "", isWhole: true });
    const buffer = new Uint8Array(isSlow ? 700 : 4_096);
    let text = "";
    try {
      for (let count; (count = await body.read(buffer)) > 0;) {
        text += decodeLatin1(buffer.subarray(0, count));
        if (isSlow) await this.#wait(5);
      }
      this.reads.push({ target, text, isWhole: true });
    } catch (error) {
      assert.ok(error instanceof Failure, `${error}`);
      this.reads.push({ target, text, isWhole: false });
    }
  }
}

interface Round {
  readonly client: Http2Place;
  readonly play: Http2Play;
  readonly sent: SentHttp2;
  readonly application: RecordingApplication;
  readonly buffers: PoisonedPool;
}

/** Plays one client. */
async function playRound(random: Random, isRight: boolean): Promise<Round> {
  const application = new RecordingApplication();
  const buffers = new PoisonedPool(72 * 1024, 4);
  const client = new Http2Place((exchange) => application.answer(exchange), { buffers });
  application.useClock(client);
  client.wire.writeMaxBytes = random.pick([Infinity, Infinity, 7, 1_000]);
  const play = new Http2Play(random, HTTP2_HOST, isRight);
  const sent = new SentHttp2();
  const send = (bytes: Uint8Array) => {
    sent.note(bytes);
    client.send(bytes);
    for (const [id, stream] of client.witness.streams) {
      stream.isHead = sent.requests.get(id)?.method === "HEAD";
    }
  };
  await client.greet([[SETTING.initialWindowSize, random.below(70_000)]]);
  sent.note(new Uint8Array(24));
  for (let steps = random.below(STEPS_MAX); steps > 0 && !client.wire.isClosed; steps--) {
    const bytes = concat(play.next());
    let start = 0;
    const pieceBytes = Math.max(bytes.length >> 6, random.pick([3, 90, 9_000]));
    for (const end of random.cuts(bytes.length, pieceBytes)) {
      send(bytes.slice(start, end));
      start = end;
      if (random.below(4) === 0) await client.settle(1);
    }
    if (random.below(10) === 0) await client.clock.advance(random.below(50));
    if (random.below(20) === 0) client.wire.stall(random.below(2) === 0);
  }
  client.wire.stall(false);
  if (isRight) {
    send(concat(play.finish()));
    send(concat([encodeSettings([[4, 1_000_000]]), encodeWindowUpdate(0, 10_000_000)]));
    await client.settle();
    // Each of the waits of an application.
    for (let count = 0; count < 10 && client.inFlight > 0; count++) await client.clock.advance(500);
    await client.settle();
  }
  return { client, play, sent, application, buffers };
}

/** Whatever was sent, these hold. */
function checkAlways({ client: { witness }, sent, application, buffers }: Round): void {
  assert.deepEqual([...witness.violations, ...buffers.violations], []);
  const byPath = Map.groupBy(sent.requests.values(), ({ path }) => path);
  for (const { target, text, isWhole } of application.reads) {
    const requests = byPath.get(target) ?? [];
    const describe = JSON.stringify({ target, text, requests });
    const isRight = (each: SentRequest) =>
      // A frame need not be whole to be read from.
      isWhole ? each.isEnded && each.text === text : isStart(each.text, text);
    assert.ok(requests.some(isRight), describe);
  }
  for (const [id, { body, head, trailers, interim }] of witness.streams) {
    if (head === undefined || head.status !== 200) continue;
    const path = sent.requests.get(id)?.path;
    const whole = `for ${path}`;
    assert.ok(whole.startsWith(body) || body.startsWith(whole), `${id}: ${body}, not ${path}`);
    for (const [, value] of [...trailers ?? [], ...interim.flatMap(({ headers }) => headers)]) {
      assert.equal(value, path);
    }
  }
}

/** Says whether one of two texts is the start of the other. */
function isStart(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** And these if every frame was right: whoever was not given up is answered. */
function checkRight({ client: { witness }, play }: Round): void {
  assert.equal(witness.goaway, undefined, witness.describe());
  for (const [id, { head, isEnded, resetCode }] of witness.streams) {
    if (play.reset.has(id) || resetCode !== undefined) continue;
    assert.equal(isEnded, true, `${id}: ${witness.describe()}`);
    assert.ok([200, 500].includes(head!.status), `${id}: ${head!.status}`);
  }
}

/** However it went, the end of the client or of all limits is the end of everything. */
async function end({ client }: Round, random: Random): Promise<void> {
  switch (random.below(3)) {
    case 0:
      client.wire.end();
      break;
    case 1:
      client.wire.reset();
      break;
    default:
      // It says no more: every limit comes to its end.
      for (let passedMs = 0; passedMs < LONG_MS && !client.isFinished; passedMs += 600_000) {
        await client.clock.advance(600_000);
      }
  }
  await client.settle();
  // What applications wait for.
  await client.clock.advance(10_000);
  await client.expectOver();
}

for (const isRight of [true, false]) {
  const what = isRight ? "right" : "spoiled";
  Deno.test(`Http2Connection: ${ROUNDS} plays of ${what} frames (seed ${SEED})`, async () => {
    const heapBytes = Deno.memoryUsage().heapUsed;
    let answered = 0;
    for (let number = 0; number < ROUNDS; number++) {
      const random = new Random(SEED + 7_919 * number);
      try {
        const round = await playRound(random, isRight);
        if (isRight) checkRight(round);
        await end(round, random);
        checkAlways(round);
        answered += round.client.witness.streams.values().filter(({ isEnded }) => isEnded)
          .toArray().length;
      } catch (error) {
        throw new Error(`play ${number}: ${(error as Error).message}`, { cause: error });
      }
    }
    assert.ok(answered > ROUNDS, `${answered} answers`);
    assert.ok(Deno.memoryUsage().heapUsed - heapBytes < GROWTH_MAX_BYTES);
  });
}
