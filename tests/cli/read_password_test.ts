import assert from "node:assert/strict";
import { readPassword } from "../../lib/cli/read_password.ts";
import { passwordInput } from "./password_input.ts";

/** What is read of some keys or bytes. */
async function read(text: string, isTerminal: boolean) {
  const input = passwordInput(text, isTerminal);
  let asked = 0;
  const result = await readPassword(input, () => void asked++);
  const shown = result.kind === "password"
    ? new TextDecoder().decode(result.password)
    : `problem: ${result.problem}`;
  return { shown, asked, raw: input.raw };
}

const CASES: readonly [text: string, isTerminal: boolean, shown: string][] = [
  ["secret\n", false, "secret"],
  ["secret", false, "secret"],
  ["secret\r\n", false, "secret"],
  ["one\ntwo\n", false, "one"],
  [" a b \n", false, " a b "],
  ["pässword\n", false, "pässword"],
  ["a\x7fb\n", false, "a\x7fb"],
  ["", false, "problem: it is empty"],
  ["\n", false, "problem: it is empty"],
  ["x".repeat(1_024), false, "x".repeat(1_024)],
  ["x".repeat(1_025), false, "problem: it has more than 1024 bytes"],
  ["secret\r", true, "secret"],
  ["secret\n", true, "secret"],
  ["secret\x04", true, "secret"],
  ["sax\x7f\x08ecret\r", true, "secret"],
  ["\x7f\x7fa\r", true, "a"],
  ["aé€😀\x7f\x7f\x7fb\r", true, "ab"],
  ["wrong\x15right\r", true, "right"],
  ["sec\x03ret\r", true, "problem: interrupted"],
  ["\r", true, "problem: it is empty"],
];

for (const [text, isTerminal, shown] of CASES) {
  const name = JSON.stringify(text.length > 40 ? `${text.length} bytes` : text);
  Deno.test(`readPassword: ${name} ${isTerminal ? "typed" : "handed over"}`, async () => {
    const result = await read(text, isTerminal);
    assert.equal(result.shown, shown);
    assert.deepEqual(result.raw, isTerminal ? [true, false] : [], "the terminal is as it was");
    assert.equal(result.asked, isTerminal ? 1 : 0);
  });
}

Deno.test("readPassword: a terminal that fails is left as it was", async () => {
  const input = passwordInput("", true);
  const failing = { ...input, read: () => Promise.reject(new Error("gone")) };
  await assert.rejects(readPassword(failing, () => {}), /gone/);
  assert.deepEqual(input.raw, [true, false]);
});
