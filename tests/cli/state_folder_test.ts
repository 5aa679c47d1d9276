import { strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import type { Config } from "../../lib/config/config.ts";
import { stateFolder } from "../../lib/cli/state_folder.ts";

const silent = { stateFolder: undefined } as Config;
const speaking = { stateFolder: "/srv/postern" } as Config;
const options = (state?: string) => ({ config: "routes.yaml", state });

Deno.test("stateFolder: the option wins and may be relative", () => {
  strictEqual(stateFolder(speaking, options("/elsewhere")), "/elsewhere");
  strictEqual(stateFolder(speaking, options("here")), join(Deno.cwd(), "here"));
});

Deno.test("stateFolder: else the configuration's", () => {
  strictEqual(stateFolder(speaking, options()), "/srv/postern");
});

/** Runs with other variables and another user; both are given back. */
function asUser(uid: number, variables: Record<string, string | undefined>, run: () => void): void {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  const realUid = Deno.uid;
  Deno.uid = () => uid;
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  Object.entries(variables).forEach(([name, value]) => set(name, value));
  try {
    run();
  } finally {
    Deno.uid = realUid;
    before.forEach(([name, value]) => set(name, value));
  }
}

const USERS: readonly [uid: number, home?: string, xdg?: string, folder?: string][] = [
  [0, "/root", "/root/xdg", "/var/lib/postern"],
  [1000, "/home/me", undefined, "/home/me/.local/state/postern"],
  [1000, "/home/me", "/home/me/xdg", "/home/me/xdg/postern"],
  [1000, undefined, "/home/me/xdg", "/home/me/xdg/postern"],
  // XDG Base Directory Specification: empty counts as unset, relative paths are to be ignored.
  [1000, "/home/me", "", "/home/me/.local/state/postern"],
  [1000, "/home/me", "xdg", "/home/me/.local/state/postern"],
];

for (const [uid, HOME, XDG_STATE_HOME, folder] of USERS) {
  Deno.test(`stateFolder: user ${uid}, HOME ${HOME}, XDG_STATE_HOME ${XDG_STATE_HOME}`, () => {
    asUser(uid, { HOME, XDG_STATE_HOME }, () => {
      strictEqual(stateFolder(silent, options()), folder);
    });
  });
}

Deno.test("stateFolder: with no home folder, says what to do", () => {
  asUser(1000, { HOME: undefined, XDG_STATE_HOME: undefined }, () => {
    throws(() => stateFolder(silent, options()), /HOME is not set, use "--state FOLDER"/);
  });
});
