import assert from "node:assert/strict";
import { readAuthorities } from "../../../lib/http/upstream/authorities.ts";
import { makeAuthority } from "../../support/certificates.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const { certPem } = await makeAuthority();
const RUBBISH = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

Deno.test("readAuthorities: returns the text, with one certificate or several, and what stands between", async () => {
  using folder = makeTempFolder();
  for (const text of [certPem, `# LAN\n${certPem}\n# again\n${certPem}`]) {
    assert.equal(await readAuthorities(folder.write("ca.pem", text)), text);
  }
});

const BROKEN: readonly [what: string, text: string, problem: RegExp][] = [
  ["nothing", "", /no certificate in it, expected PEM$/],
  ["text", "hello\n", /no certificate in it, expected PEM$/],
  ["half a certificate", certPem.slice(0, 100), /no certificate in it, expected PEM$/],
  ["rubbish", RUBBISH, /certificate 1 cannot be read: /],
  ["rubbish behind a good one", certPem + RUBBISH, /certificate 2 cannot be read: /],
];

for (const [what, text, problem] of BROKEN) {
  Deno.test(`readAuthorities: refuses ${what}, and names the file`, async () => {
    using folder = makeTempFolder();
    const path = folder.write("ca.pem", text);
    await assert.rejects(readAuthorities(path), (error: Error) => {
      assert.ok(error.message.startsWith(`Cannot use upstream_tls.ca "${path}": `), error.message);
      assert.match(error.message, problem);
      return true;
    });
  });
}
