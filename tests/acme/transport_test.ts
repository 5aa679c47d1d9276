import assert from "node:assert/strict";
import type { AcmeError } from "../../lib/acme/acme_error.ts";
import { ACME_BAD_NONCES_MAX, ACME_BODY_MAX_BYTES } from "../../lib/base/certificate_limits.ts";
import { AcmeTransport } from "../../lib/acme/transport.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { generateKeyPair } from "../../lib/tls/x509.ts";
import { startAcmePlace } from "../support/acme_place.ts";

const { signal: SIGNAL } = new AbortController();
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

Deno.test("issueCertificate outlasts refused nonces, up to a limit", async () => {
  await using p = await startAcmePlace({ badNonces: ACME_BAD_NONCES_MAX });
  await p.issue();
  p.server.options.badNonces = Infinity;
  const before = p.server.count("POST new-order");
  await assert.rejects(p.issue(), { name: "AcmeError", type: "badNonce" });
  assert.equal(p.server.count("POST new-order") - before, ACME_BAD_NONCES_MAX + 1);
});

Deno.test("issueCertificate uses the nonce that a refusal brings, and drops older ones", async () => {
  await using p = await startAcmePlace({ badNonces: 5 });
  await p.issue();
  assert.equal(p.server.count("HEAD new-nonce"), 1);
});

Deno.test("AcmeTransport keeps the nonce that one post has asked for from another", async () => {
  const bodies: PromiseWithResolvers<void>[] = [];
  const used: string[] = [];
  const answer = (init: RequestInit): Response => {
    if (init.method !== "HEAD") {
      const jws = JSON.parse(init.body as string);
      const header = new TextDecoder()
        .decode(Uint8Array.fromBase64(jws.protected, { alphabet: "base64url" }));
      used.push(JSON.parse(header).nonce);
      return new Response("{}");
    }
    const end = Promise.withResolvers<void>();
    bodies.push(end);
    const body = new ReadableStream({ pull: (sink) => end.promise.then(() => sink.close()) });
    return new Response(body, { headers: { "replay-nonce": `nonce-${bodies.length}` } });
  };
  const realFetch = globalThis.fetch;
  globalThis.fetch = (_url, init) => Promise.resolve(answer(init!));
  try {
    using transport = new AcmeTransport({ clock: systemClock });
    const { privateKey: key } = await generateKeyPair();
    const place = { url: "https://ca.example/x", newNonceUrl: "https://ca.example/nonce" };
    const identity = { kid: "https://ca.example/account" };
    const post = () =>
      transport.post({ ...place, payload: {}, key, identity, isSafe: false }, SIGNAL);
    // The first has the head of its answer and waits for the end, when the second looks for a nonce.
    const first = post();
    while (bodies.length < 1) await turn();
    await turn();
    const second = post();
    while (bodies.length < 2 && used.length < 1) await turn();
    bodies.forEach(({ resolve }) => resolve());
    await Promise.all([first, second]);
    assert.deepEqual(used.sort(), ["nonce-1", "nonce-2"]);
  } finally {
    globalThis.fetch = realFetch;
  }
});

Deno.test("issueCertificate reports 429 with Retry-After after one post", async () => {
  await using p = await startAcmePlace({
    fault: ({ resource }) => {
      if (resource !== "new-order") return undefined;
      const body = { type: "urn:ietf:params:acme:error:rateLimited", detail: "too many" };
      return Response.json(body, { status: 429, headers: { "retry-after": "3600" } });
    },
  });
  await assert.rejects(p.issue(), (error: AcmeError) => {
    assert.deepEqual(
      [error.kind, error.status, error.type, error.retryAfterMs],
      ["problem", 429, "rateLimited", 3_600_000],
    );
    return true;
  });
  assert.equal(p.server.count("POST new-order"), 1);
});

for (const method of ["GET", "POST"]) {
  for (
    const resource of method === "GET" ? ["directory"] : [
      "new-account",
      "new-order",
      "authorization",
      "challenge",
      "order",
      "finalize",
      "certificate",
    ]
  ) {
    Deno.test(`issueCertificate survives two failures of ${method} ${resource}`, async () => {
      await using p = await startAcmePlace({
        fault: ({ method: seen, resource: asked, index }) =>
          seen === method && asked === resource && index < 2
            ? new Response("<html>Bad gateway</html>", { status: 502 })
            : undefined,
      });
      await p.issue();
      assert.ok(p.server.count(`${method} ${resource}`) >= 3);
    });
  }
}

Deno.test("issueCertificate asks again for what was done although the answer was lost", async () => {
  for (const resource of ["new-account", "new-order", "challenge", "finalize", "certificate"]) {
    await using p = await startAcmePlace();
    // The request arrives and is acted upon; its answer is replaced by a 500.
    p.server.loseAnswerOf = resource;
    await p.issue();
    assert.equal(p.server.accountCount, 1, resource);
  }
});

for (
  const { name, status, body, expected } of [
    { name: "an HTML page", status: 200, body: "<html></html>", expected: /no ACME directory at/ },
    { name: "another JSON", status: 200, body: '{"a":1}', expected: /no ACME directory.*newNonce/ },
    { name: "not found", status: 404, body: "nothing here", expected: /404: nothing here/ },
    {
      name: "an endless answer",
      status: 200,
      body: "x".repeat(ACME_BODY_MAX_BYTES + 1),
      expected: /more than 262144 bytes/,
    },
    {
      name: "a CA that wants external accounts",
      status: 200,
      body: JSON.stringify({
        newNonce: "https://ca/n",
        newAccount: "https://ca/a",
        newOrder: "https://ca/o",
        meta: { externalAccountRequired: true },
      }),
      expected: /external account binding/,
    },
  ]
) {
  Deno.test(`issueCertificate says what is wrong with a directory that is ${name}`, async () => {
    await using p = await startAcmePlace({ fault: () => new Response(body, { status }) });
    await assert.rejects(p.issue(), { name: "AcmeError", message: expected });
    assert.equal(p.server.seen.length, 1);
  });
}

Deno.test("issueCertificate does not wait for a CA that hangs, at any step", async () => {
  for (const hanging of ["directory", "new-nonce", "new-order", "finalize"]) {
    const release = Promise.withResolvers<undefined>();
    await using p = await startAcmePlace({
      fault: ({ resource }) => resource === hanging ? release.promise as never : undefined,
    }, 30);
    await assert.rejects(p.issue(), { name: "AcmeError", kind: "unreachable", message: /30 ms/ });
    release.resolve(undefined);
  }
});

Deno.test("issueCertificate says at once that nobody listens, or that a name does not exist", async () => {
  await using p = await startAcmePlace();
  const { port } = new URL(p.server.origin);
  await p.server[Symbol.asyncDispose]();
  for (const url of [`http://127.0.0.1:${port}/directory`, "http://ca.invalid/directory"]) {
    using client = p.makeClient(undefined, url);
    await assert.rejects(p.issue({ client }), { name: "AcmeError", kind: "unreachable" });
  }
});
