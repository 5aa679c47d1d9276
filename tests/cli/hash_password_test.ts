import assert from "node:assert/strict";
import { isPassword, parsePasswordHash } from "../../lib/base/password_hash.ts";
import { hashPasswordFrom } from "../../lib/cli/hash_password.ts";
import { passwordInput } from "./password_input.ts";
import { recordTerminal } from "./recorded_terminal.ts";

async function run(text: string, isTerminal: boolean) {
  const terminal = recordTerminal();
  const verb = hashPasswordFrom(passwordInput(text, isTerminal));
  const code = await verb({ config: "routes.yaml", state: undefined }, terminal);
  return { code, ...terminal };
}

for (const [text, isTerminal] of [["pässword\n", false], ["pässword\rpässword\r", true]] as const) {
  Deno.test(`hash-password: prints the hash and nothing else, typed: ${isTerminal}`, async () => {
    const { code, results, remarks } = await run(text, isTerminal);
    assert.equal(code, 0);
    assert.equal(results.length, 1);
    const parsed = parsePasswordHash(results[0]);
    assert(parsed.kind === "hash");
    assert.equal(await isPassword(new TextEncoder().encode("pässword"), parsed.hash), true);
    assert.equal(remarks.length, isTerminal ? 2 : 0);
    assert.doesNotMatch(remarks.join(), /ssword\b.*ssword$/);
  });
}

const REFUSED: readonly [text: string, isTerminal: boolean, problem: string][] = [
  ["", false, "it is empty"],
  ["one\rtwo\r", true, "the two differ"],
  ["one\rone!\r", true, "the two differ"],
  ["one\r\x03", true, "interrupted"],
  ["\x03", true, "interrupted"],
];

for (const [text, isTerminal, problem] of REFUSED) {
  Deno.test(`hash-password: ${JSON.stringify(text)} is refused, ${problem}`, async () => {
    const { code, results, remarks } = await run(text, isTerminal);
    assert.deepEqual([code, results], [1, []]);
    assert.equal(remarks.at(-1), `postern: Cannot use the password: ${problem}`);
    assert.doesNotMatch(remarks.join(), /one/);
  });
}
