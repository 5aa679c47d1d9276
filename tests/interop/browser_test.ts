import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { startChromium } from "../support/chromium.ts";
import { testWithPrograms } from "../support/installed.ts";
import { offloadTo, startWithRoutes } from "../support/routes.ts";

/** Long enough for progress to be told more than once: a browser tells it every 50 ms. */
const UPLOAD_BYTES = 64 * 1024 * 1024;

const EVENTS = 4;

/** What the page does; each returns what it saw. A browser's own clock and network stack say it. */
const PAGE_SCRIPTS = {
  protocols: `(async () => {
    await (await fetch("/hello")).text();
    for (;;) {
      // It is written down a moment after the body's end.
      const entry = performance.getEntriesByName(new URL("/hello", location.href).href)[0];
      if (entry !== undefined) return entry.nextHopProtocol;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })()`,
  webSocket: `new Promise((resolve, reject) => {
    const socket = new WebSocket("wss://" + location.host + "/chat", ["superchat", "chat"]);
    socket.binaryType = "arraybuffer";
    const seen = [];
    socket.onopen = () => { socket.send("text äöü"); socket.send(new Uint8Array(100_000).fill(7)); };
    socket.onmessage = ({ data }) => {
      const bytes = typeof data === "string" ? undefined : new Uint8Array(data);
      seen.push(bytes === undefined ? data : bytes.length + "x" + bytes.at(-1));
      if (seen.length === 2) socket.close(4001, "done");
    };
    socket.onclose = ({ code, reason }) =>
      resolve({ seen, code, reason, protocol: socket.protocol, extensions: socket.extensions });
    setTimeout(() => reject(new Error("no end: " + seen)), 20_000);
  })`,
  events: `new Promise((resolve, reject) => {
    const source = new EventSource("/events");
    const seen = [];
    source.onmessage = ({ data }) => {
      seen.push(data);
      if (seen.length === ${EVENTS}) { source.close(); resolve(seen); }
      else fetch("/seen", { method: "POST" }).catch(reject);
    };
    setTimeout(() => reject(new Error("only " + seen)), 20_000);
  })`,
  upload: `new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const progress = [];
    request.upload.onprogress = ({ loaded }) => progress.push(loaded);
    request.onload = () => resolve({ progress, status: request.status, text: request.responseText });
    request.onerror = () => reject(new Error("upload failed after " + progress));
    request.open("POST", "/upload");
    request.send(new Uint8Array(${UPLOAD_BYTES}));
  })`,
  // A body without a length, read from the page as the connection takes it: HTTP/2 only.
  streamedUpload: `(async () => {
    let pulled = 0;
    const body = new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (pulled++ === 20) return controller.close();
        controller.enqueue(new Uint8Array(10_000));
      },
    });
    const answer = await fetch("/upload", { method: "POST", body, duplex: "half" });
    return { pulled, text: await answer.text() };
  })()`,
};

testWithPrograms(["chromium"], "browser: a page of an offload route", async (context) => {
  await using server = startServer();
  await using postern = await startWithRoutes([
    offloadTo("page.test", `http://127.0.0.1:${server.port}`),
  ]);
  await using chromium = await startChromium(postern.https[0].port);
  const play = (script: keyof typeof PAGE_SCRIPTS) =>
    chromium.evaluate("https://page.test/", PAGE_SCRIPTS[script]);

  await context.step("is fetched over HTTP/2", async () => {
    strictEqual(await play("protocols"), "h2");
  });
  await context.step("WebSocket: text, bytes, subprotocol and close code", async () => {
    const { extensions, ...seen } = await play("webSocket") as Record<string, unknown>;
    deepStrictEqual(seen, {
      seen: ["text äöü", "100000x7"],
      code: 4001,
      reason: "done",
      protocol: "chat",
    });
    strictEqual(typeof extensions, "string");
  });
  await context.step("EventSource: each event when it is sent", async () => {
    deepStrictEqual(await play("events"), ["0", "1", "2", "3"]);
  });
  await context.step("an upload with its progress", async () => {
    const { progress, ...answer } = await play("upload") as { progress: number[] };
    deepStrictEqual(answer, { status: 200, text: String(UPLOAD_BYTES) });
    strictEqual(progress.at(-1), UPLOAD_BYTES);
    ok(progress.length > 1, `${progress}`);
  });
  await context.step("an upload that streams", async () => {
    deepStrictEqual(await play("streamedUpload"), { pulled: 21, text: "200000" });
  });
});

/** A site with a page, a WebSocket that echoes, events and uploads. */
function startServer() {
  const events = makeEvents();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/chat") return upgrade(request);
    if (pathname === "/events") return events.open();
    if (pathname === "/seen") return events.next();
    if (pathname === "/upload") return countBytes(request);
    return new Response("<!doctype html><title>page</title>", {
      headers: { "content-type": "text/html; charset=utf-8" },
    });
  });
  return { port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}

function upgrade(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "chat" });
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

/** Events of which each is sent when the page has seen the one before: who keeps one stops them all. */
function makeEvents() {
  let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
  let sent = 0;
  const send = () => sink?.enqueue(new TextEncoder().encode(`data: ${sent++}\n\n`));
  return {
    open(): Response {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          sink = controller;
          send();
        },
        cancel: () => void (sink = undefined),
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    },
    next(): Response {
      send();
      return new Response(null, { status: 204 });
    },
  };
}

/** Stops in the middle, for long enough that progress is told however fast the rest is. */
async function countBytes({ body }: Request): Promise<Response> {
  let count = 0;
  for await (const chunk of body ?? []) {
    const isMiddle = count < UPLOAD_BYTES / 2 && count + chunk.length >= UPLOAD_BYTES / 2;
    if (isMiddle) await new Promise((resolve) => setTimeout(resolve, 500));
    count += chunk.length;
  }
  return new Response(String(count));
}
