import assert from "node:assert/strict";
import { formatPasswordHash, hashPassword } from "../../../lib/base/password_hash.ts";
import { allPolicies, readPolicyFiles } from "../../../lib/http/policy/read_policy_files.ts";
import { routeOf } from "../../config/parsing.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const HASH = formatPasswordHash(
  await hashPassword(new TextEncoder().encode("open"), { N: 16, r: 1, p: 1 }),
);

const offload = (keys: string) =>
  routeOf(`{ hosts: [a.test], mode: offload, upstream: "http://10.0.0.1:80", ${keys} }`);

Deno.test("readPolicyFiles: pages and users of routes and of their paths", async () => {
  using folder = makeTempFolder("postern-policy-");
  const page = folder.write("sorry.html", "<p>sorry");
  const users = folder.write("users", `ada:${HASH}\n`);
  const route = offload(
    `error_pages: { 5xx: ${page} }, paths: [{ path: /admin/*, basic_auth: { users_file: ${users} } }]`,
  );
  assert.equal(allPolicies(route).length, 2);
  const files = await readPolicyFiles([route]);
  assert.deepEqual([...files.pages.keys()], [page]);
  const { basicAuth } = route.paths[0].policies;
  assert.deepEqual([...files.users.get(basicAuth!)!.keys()], ["ada"]);
});

Deno.test("readPolicyFiles: a file that is missing is named", async () => {
  const missing = "/nowhere/sorry.html";
  await assert.rejects(
    readPolicyFiles([offload(`error_pages: { 502: ${missing} }`)]),
    /sorry\.html/,
  );
  const noUsers = offload("basic_auth: { users_file: /nowhere/users }");
  await assert.rejects(readPolicyFiles([noUsers]), /\/nowhere\/users/);
});

Deno.test("readPolicyFiles: without policies nothing is read", async () => {
  const { pages, users } = await readPolicyFiles([offload("")]);
  assert.equal(pages.size + users.size, 0);
});
