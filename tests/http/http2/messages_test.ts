/** Messages through the HTTP/2 engine, both ways: what arrives is what was sent, or is seen to be cut. */
import assert from "node:assert/strict";
import type { Exchange } from "../../../lib/http/exchange.ts";
import type { Answer, HeaderLine } from "../../../lib/http/message.ts";
import { makeBody, readText } from "../../support/exchanges.ts";
import { echo, later, textAnswer } from "../../support/http1_place.ts";
import {
  CODE,
  encodeData,
  encodeFields,
  encodeHeaders,
  FLAG,
  FRAME,
} from "../../support/http2_frames.ts";
import { readOrFail, streamed, withHttp2Place } from "../../support/http2_messages.ts";
import { CLIENT_IP, HTTP2_HOST } from "../../support/http2_place.ts";

Deno.test("Http2Connection: an exchange says what was asked, and by whom", async () => {
  await withHttp2Place(echo, async (client) => {
    const { body } = await client.ask({ path: "/a%2Fb//../c?x=%00&y#z".replace("#z", "") });
    assert.equal(body, "/a%2Fb//../c?x=%00&y ");
    const [exchange] = client.exchanges;
    const { method, authority, hostname, scheme, httpVersion, upgrade, expectsContinue } = exchange;
    assert.deepEqual(
      { method, authority, hostname, scheme, httpVersion, upgrade, expectsContinue },
      {
        method: "GET",
        authority: HTTP2_HOST,
        hostname: HTTP2_HOST,
        scheme: "https",
        httpVersion: "2",
        upgrade: undefined,
        expectsContinue: false,
      },
    );
    assert.equal(exchange.client.ip, CLIENT_IP);
    assert.equal(exchange.body, undefined);
    assert.equal(client.counters.get("requests"), 1);
  });
});

Deno.test("Http2Connection: fields keep their order, their duplicates and their bytes", async () => {
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
    .filter((text) => text >= " " && text !== "\x7f").join("").trim();
  const answer = streamed(makeBody("a"), [
    ["Set-Cookie", "b=2"],
    ["X-B", "2"],
    ["Set-Cookie", "a=1"],
    ["X-Latin1", bytes],
    ["X-B", "1"],
    ["X-Empty", ""],
  ]);
  await withHttp2Place(() => answer, async (client) => {
    const { head } = await client.ask({
      fields: [
        ["x-b", "2"],
        ["cookie", "a=1"],
        ["x-latin1", bytes],
        ["x-b", "1"],
        ["cookie", "b=2; c=3"],
        ["x-empty", ""],
        ["cookie", "d=4"],
      ],
    });
    assert.deepEqual(client.exchanges[0].headers, [
      ["x-b", "2"],
      // RFC 9113 §8.2.3: crumbs are one field again, in place of the first.
      ["cookie", "a=1; b=2; c=3; d=4"],
      ["x-latin1", bytes],
      ["x-b", "1"],
      ["x-empty", ""],
    ]);
    assert.deepEqual(head?.headers.filter(([name]) => /^(?:x-|set-)/.test(name)), [
      ["set-cookie", "b=2"],
      ["x-b", "2"],
      ["set-cookie", "a=1"],
      ["x-latin1", bytes],
      ["x-b", "1"],
      ["x-empty", ""],
    ]);
  });
});

Deno.test("Http2Connection: fields of a connection are not sent, the length is written anew", async () => {
  const answer = streamed(makeBody("abc"), [
    ["Connection", "close, X-Gone"],
    ["X-Gone", "1"],
    ["Keep-Alive", "timeout=5"],
    ["Transfer-Encoding", "chunked"],
    ["Upgrade", "h2c"],
    ["Proxy-Connection", "close"],
    ["Content-Length", "77"],
    ["X-Kept", "1"],
  ]);
  await withHttp2Place(() => answer, async (client) => {
    const { head, body } = await client.ask();
    assert.equal(body, "abc");
    const names = head!.headers.map(([name]) => name).sort();
    assert.deepEqual(names, ["content-length", "date", "x-kept"]);
  });
});

Deno.test("Http2Connection: interim answers pass before the final one, and not behind it", async () => {
  const { handler, answer } = later();
  await withHttp2Place(handler, async (client) => {
    const id = client.open();
    await client.settle();
    const { sendInterim } = client.exchanges[0];
    sendInterim(103, [["Link", "</a.css>; rel=preload"], ["Link", "</b.css>"]]);
    sendInterim(102, []);
    for (const status of [100, 101, 200]) sendInterim(status, []);
    // It cannot be sent, and only announces.
    sendInterim(103, [["X", "a\nb"]]);
    await client.settle();
    const stream = client.witness.stream(id);
    assert.deepEqual(stream.interim, [
      { status: 103, headers: [["link", "</a.css>; rel=preload"], ["link", "</b.css>"]] },
      { status: 102, headers: [] },
    ]);
    answer(textAnswer("final"));
    sendInterim(103, []);
    await client.settle();
    sendInterim(103, []);
    await client.settle();
    assert.deepEqual([stream.head?.status, stream.body, stream.isEnded], [200, "final", true]);
    assert.ok(stream.interim.length <= 3);
  });
});

Deno.test("Http2Connection: 100 is sent when the body is read for the first time", async () => {
  const read = Promise.withResolvers<void>();
  const handler = async (exchange: Exchange) => {
    await read.promise;
    return await echo(exchange);
  };
  await withHttp2Place(handler, async (client) => {
    const id = client.open({
      method: "POST",
      fields: [["expect", "100-continue"]],
      isWhole: false,
    });
    await client.settle();
    assert.equal(client.exchanges[0].expectsContinue, true);
    const stream = client.witness.stream(id);
    assert.deepEqual(stream.interim, []);
    read.resolve();
    await client.settle();
    assert.deepEqual(stream.interim, [{ status: 100, headers: [] }]);
    client.send(encodeData(id, "body", FLAG.endStream));
    await client.settle();
    assert.deepEqual([stream.body, stream.interim.length], ["/ body", 1]);
  });
});

Deno.test("Http2Connection: 100 is not sent if nobody reads, nor if the body is there", async () => {
  const handler = (exchange: Exchange) =>
    exchange.target === "/refused" ? textAnswer("no", 417) : echo(exchange);
  await withHttp2Place(handler, async (client) => {
    const fields = [["expect", "100-continue"]] as const;
    const refused = await client.ask({ path: "/refused", method: "POST", fields, isWhole: false });
    assert.deepEqual([refused.head?.status, refused.interim], [417, []]);
    await client.clock.advance(1_000);
    assert.equal(refused.resetCode, CODE.noError);
  });
});

for (
  const [what, answer] of [
    ["a body", streamed({ ...makeBody("abc"), length: undefined, trailers: [["X-Sum", "1"]] })],
    ["bytes", { ...textAnswer("abc"), trailers: [["X-Sum", "1"]] }],
  ] as readonly (readonly [string, Answer])[]
) {
  Deno.test(`Http2Connection: trailers of an answer, behind ${what}`, async () => {
    await withHttp2Place(() => answer, async (client) => {
      const { body, trailers, isEnded } = await client.ask();
      assert.deepEqual([body, trailers, isEnded], ["abc", [["x-sum", "1"]], true]);
    });
  });
}

Deno.test("Http2Connection: trailers of a request are there when its body has been read", async () => {
  const seen: (readonly HeaderLine[])[] = [];
  const handler = async (exchange: Exchange) => {
    seen.push(exchange.body!.trailers);
    const text = await readText({ body: exchange.body });
    seen.push(exchange.body!.trailers);
    return textAnswer(text);
  };
  await withHttp2Place(handler, async (client) => {
    const id = client.open({ method: "POST", isWhole: false });
    client.send(encodeData(id, "abc"));
    await client.settle();
    client.send(encodeHeaders(id, encodeFields([["x-sum", "1"], ["x-b", "\xe9"], ["x-sum", "2"]])));
    await client.settle();
    assert.equal(client.witness.stream(id).body, "abc");
    assert.deepEqual(seen, [[], [["x-sum", "1"], ["x-b", "\xe9"], ["x-sum", "2"]]]);
  });
});

for (const method of ["GET", "HEAD", "DELETE", "PUT", "PROPFIND"]) {
  for (const length of [undefined, "4"]) {
    Deno.test(`Http2Connection: a body of ${method}, ${length ?? "no"} length`, async () => {
      const read: string[] = [];
      const handler = async (exchange: Exchange) => {
        read.push(await readOrFail(exchange));
        assert.equal(exchange.body?.length, length === undefined ? undefined : Number(length));
        return textAnswer("ok");
      };
      await withHttp2Place(handler, async (client) => {
        const fields = length === undefined ? [] : [["content-length", length] as const];
        const id = client.open({ method, fields, isWhole: false });
        client.send(encodeData(id, "ab"), encodeData(id, "cd", FLAG.endStream));
        await client.settle();
        assert.deepEqual(read, ["abcd|whole"]);
        assert.equal(client.witness.stream(id).isEnded, true);
      });
    });
  }
}

/** Answers without a body, however they are made. */
const BODILESS: readonly (readonly [string, string, number, Answer["body"], string | undefined])[] =
  [
    ["HEAD of bytes", "HEAD", 200, new Uint8Array(7), "7"],
    ["HEAD of a stated length", "HEAD", 200, undefined, "77"],
    ["HEAD of a body", "HEAD", 200, makeBody("abc"), "3"],
    ["204", "GET", 204, undefined, undefined],
    ["204 with a body", "GET", 204, makeBody("abc"), undefined],
    ["304", "GET", 304, undefined, "77"],
    ["304 with a body", "GET", 304, makeBody("abc"), "3"],
    ["GET of nothing", "GET", 200, undefined, "0"],
  ];

for (const [what, method, status, body, length] of BODILESS) {
  Deno.test(`Http2Connection: ${what} has no body, and the length is ${length}`, async () => {
    const answer: Answer = { status, reason: "", headers: [["Content-Length", "77"]], body };
    await withHttp2Place(() => answer, async (client) => {
      const id = client.open({ method });
      await client.settle();
      const stream = client.witness.stream(id);
      const lengths = stream.head?.headers.filter(([name]) => name === "content-length");
      assert.deepEqual(lengths, length === undefined ? [] : [["content-length", length]]);
      assert.deepEqual([stream.isEnded, stream.resetCode], [true, undefined]);
      assert.equal(client.witness.frames[FRAME.data], 0);
      if (body !== undefined && "isCancelled" in body) assert.equal(body.isCancelled, true);
    });
  });
}
