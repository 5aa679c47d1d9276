import assert from "node:assert/strict";
import { accountName } from "../../lib/acme/account.ts";
import { startAcmePlace } from "../support/acme_place.ts";

Deno.test("issueCertificate uses the account that is stored, without asking for it", async () => {
  await using p = await startAcmePlace();
  using first = p.makeClient("me@example.org");
  await p.issue({ client: first });
  assert.deepEqual(p.server.contacts, [["mailto:me@example.org"]]);
  using second = p.makeClient();
  await p.issue({ client: second });
  assert.equal(p.server.count("POST new-account"), 1);
});

Deno.test("issueCertificate for several hostnames at once registers one account", async () => {
  await using p = await startAcmePlace();
  const hostnames = ["a.example", "b.example", "c.example"];
  const all = await Promise.all(hostnames.map((hostname) => p.issue({ hostname })));
  assert.deepEqual(all.map(({ certificate }) => certificate.names), hostnames.map((one) => [one]));
  assert.equal(p.server.accountCount, 1);
});

Deno.test("issueCertificate registers again where the CA has forgotten the account", async () => {
  await using p = await startAcmePlace();
  await p.issue();
  p.server.forgetAccounts();
  const both = await Promise.all([p.issue(), p.issue({ hostname: "b.example" })]);
  assert.equal(both.length, 2);
  assert.equal(p.server.accountCount, 1);
  using afterRestart = p.makeClient();
  p.server.forgetAccounts();
  await p.issue({ client: afterRestart });
});

Deno.test("issueCertificate finishes a registration that was interrupted, with the same key", async () => {
  await using p = await startAcmePlace();
  await p.issue();
  const name = accountName(p.server.directoryUrl);
  const { url: _, ...interrupted } = JSON.parse(p.store.text(name)!);
  p.store.put(name, JSON.stringify(interrupted));
  using client = p.makeClient();
  await p.issue({ client });
  assert.equal(p.server.accountCount, 1);
  assert.equal(typeof JSON.parse(p.store.text(name)!).url, "string");
});

Deno.test("issueCertificate sets a damaged account aside and registers a new one", async () => {
  for (
    const damage of ["", "{}", '{"key":', '{"directory":"x","key":{"kty":"EC"}}', "x".repeat(9)]
  ) {
    await using p = await startAcmePlace();
    await p.issue();
    p.store.put(accountName(p.server.directoryUrl), damage);
    using client = p.makeClient();
    await p.issue({ client });
    assert.equal(p.server.accountCount, 2);
    assert.equal(p.store.text(p.store.setAsideNames[0]), damage);
  }
});

Deno.test("issueCertificate without a place for the account's key registers none", async () => {
  await using p = await startAcmePlace();
  p.store.failsToWrite = () => true;
  await assert.rejects(p.issue(), { name: "StateError", kind: "full" });
  assert.equal(p.server.accountCount, 0);
  p.store.failsToWrite = () => false;
  await p.issue();
});

Deno.test("accountName keeps directories apart and is a name", () => {
  const urls = ["https://a.example/dir", "https://a.example/other", "https://b.example/dir"];
  const names = [...urls, "http://[::1]:1/dir", `https://${"x.".repeat(120)}y/`].map(accountName);
  assert.equal(new Set(names).size, 5);
  for (const name of names) assert.match(name, /^accounts\/[a-z0-9][a-z0-9.-]*\.json$/);
});
