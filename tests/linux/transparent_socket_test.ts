import assert from "node:assert/strict";
import { FAMILY } from "../../lib/linux/constants.ts";
import { type Libc, openLibc } from "../../lib/linux/libc.ts";
import { whyNotTransparent } from "../../lib/linux/transparent_socket.ts";

const libc = openLibc();

/** CapEff: CAP_NET_ADMIN is bit 12, CAP_NET_RAW, which does as well, 13 (capabilities(7)). */
async function isAllowed(): Promise<boolean> {
  // Reading /proc takes all permissions; a program may do it for us.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${Deno.pid}/status`] }).output();
  const status = new TextDecoder().decode(stdout);
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)![1];
  return (BigInt(`0x${effective}`) >> 12n & 3n) !== 0n;
}

Deno.test({
  name: "whyNotTransparent: agrees with the capabilities of this process, and leaves nothing open",
  ignore: typeof libc === "string",
  fn: async () => {
    const real = libc as Libc;
    const open = new Set<number>();
    const watched = {
      ...real,
      socket: (...args: Parameters<Libc["socket"]>) => {
        const descriptor = real.socket(...args);
        open.add(descriptor);
        return descriptor;
      },
      close: (descriptor: number) => {
        open.delete(descriptor);
        return real.close(descriptor);
      },
    } as unknown as Libc;
    assert.equal(whyNotTransparent(watched) === undefined, await isAllowed());
    assert.equal(open.size, 0, "no socket is left open");
  },
});

Deno.test({
  name: "whyNotTransparent: names the capability that is missing",
  ignore: typeof libc === "string",
  fn: () => {
    const real = libc as Libc;
    const closed: number[] = [];
    const without = {
      ...real,
      // Making a socket over a file that is none fails too, but with a number of its own.
      setsockopt: () => real.connect(-1, new Uint8Array(0), 0),
      close: (descriptor: number) => closed.push(descriptor) && real.close(descriptor),
    } as unknown as Libc;
    assert.match(whyNotTransparent(without) ?? "", /os error 9/);
    assert.equal(closed.length, 1);
    const noSockets = { ...real, socket: () => real.socket(FAMILY.inet, -1, 0) } as unknown as Libc;
    assert.match(whyNotTransparent(noSockets) ?? "", /os error/);
  },
});
