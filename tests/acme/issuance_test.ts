import assert from "node:assert/strict";
import { pemBlocks } from "../../lib/tls/certificate.ts";
import { ACME_HOSTNAME, startAcmePlace } from "../support/acme_place.ts";

Deno.test("issueCertificate gets a chain with a fresh key, and shows the challenge no longer", async () => {
  await using p = await startAcmePlace();
  const issued = await p.issue();
  assert.deepEqual(issued.certificate.names, [ACME_HOSTNAME]);
  assert.equal(pemBlocks(issued.certificate.certPem, "CERTIFICATE").length, 2);
  assert.equal(issued.directory, p.server.directoryUrl);
  assert.match(issued.renewalId!, /^[\w-]{27}\.[\w-]{20,}$/);
  assert.equal(p.challenges.size, 0);
  const again = await p.issue();
  assert.notEqual(again.certificate.keyPem, issued.certificate.keyPem);
  assert.equal(p.server.accountCount, 1);
  assert.equal(p.server.count("POST new-account"), 1);
});

for (
  const resource of [
    "new-account",
    "new-order",
    "authorization",
    "order",
    "finalize",
    "certificate",
  ]
) {
  for (const body of ["", "<html>OK</html>", "null", "[]", '{"status":"valid"}', '{"status":7}']) {
    // The answer to finalize is not read: the order is looked at instead.
    if (resource === "finalize") continue;
    Deno.test(`issueCertificate refuses nonsense from ${resource}: ${body}`, async () => {
      await using p = await startAcmePlace({
        fault: ({ resource: asked }) => asked === resource ? new Response(body) : undefined,
      });
      await assert.rejects(p.issue(), { name: "AcmeError" });
      assert.equal(p.challenges.size, 0);
    });
  }
}

Deno.test("issueCertificate reports what the CA says about the hostname, without tokens", async () => {
  const cases = [
    {
      answer: () => undefined,
      type: "connection",
      detail: /acme-challenge\/…: Connection refused/,
    },
    { answer: () => "something else", type: "unauthorized", detail: /expected "…", got/ },
  ];
  for (const { answer, type, detail } of cases) {
    await using p = await startAcmePlace({ answer });
    await assert.rejects(p.issue(), { name: "AcmeError", kind: "problem", type, detail });
    assert.equal(p.challenges.size, 0);
  }
});

Deno.test("issueCertificate refuses a certificate for another name or one that has expired", async () => {
  for (
    const [options, message] of [
      [{ wrongName: "evil.example" }, /another name/],
      [{ validitySeconds: -0.5 }, /already expired/],
    ] as const
  ) {
    await using p = await startAcmePlace(options);
    await assert.rejects(p.issue(), { name: "AcmeError", kind: "unexpected", message });
  }
});

Deno.test("issueCertificate waits while the CA is processing", async () => {
  await using p = await startAcmePlace({ looksUntilDone: 6 });
  await p.issue();
  assert.equal(p.server.count("POST order"), 1 + 6);
});

Deno.test("issueCertificate gives up when the CA never finishes", async () => {
  await using p = await startAcmePlace({ looksUntilDone: Infinity });
  await assert.rejects(p.issue(), { name: "AcmeError", kind: "timeout", message: /within 300 s/ });
});

Deno.test("issueCertificate ends when it is told to, with that reason", async () => {
  for (const resource of ["directory", "new-order", "challenge", "order"]) {
    const abort = new AbortController();
    await using p = await startAcmePlace({
      looksUntilDone: Infinity,
      fault({ resource: asked }) {
        if (asked === resource) abort.abort(new Error("stopping"));
        return undefined;
      },
    });
    await assert.rejects(p.issue({ signal: abort.signal }), /stopping/);
    assert.equal(p.challenges.size, 0);
  }
});

Deno.test("issueCertificate names what it replaces only where the CA knows renewal information", async () => {
  await using p = await startAcmePlace();
  await p.issue({ replaces: "a.b" });
  p.server.options.window = { start: new Date(), end: new Date(Date.now() + 1_000) };
  using client = p.makeClient();
  await p.issue({ replaces: "c.d", client });
  await p.issue({ replaces: "c.d", client });
  assert.deepEqual(p.server.orders.map((order) => order.replaces), [undefined, "c.d", undefined]);
});
