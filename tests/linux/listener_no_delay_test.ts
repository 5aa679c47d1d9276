import assert from "node:assert/strict";
import { openLibc } from "../../lib/linux/libc.ts";
import { findListener, setListenerNoDelay } from "../../lib/linux/listener_no_delay.ts";

const libc = openLibc();
const ignore = typeof libc === "string";
const why = ignore ? ` (skipped: ${libc})` : "";

/** Reads TCP_NODELAY of a descriptor. */
function noDelay(descriptor: number): boolean {
  if (typeof libc === "string") throw new Error(libc);
  const value = new Int32Array(1);
  const length = new Uint32Array([4]);
  const [valueBytes, lengthBytes] = [new Uint8Array(value.buffer), new Uint8Array(length.buffer)];
  assert.equal(libc.getsockopt(descriptor, 6, 1, valueBytes, lengthBytes), 0);
  return value[0] !== 0;
}

Deno.test({
  name: `setListenerNoDelay: sets the option on the listener of the port and on no other${why}`,
  ignore,
  async fn() {
    if (typeof libc === "string") return;
    const servers = [0, 1].map(() => {
      let port = 0;
      const onListen = (address: Deno.NetAddr) => void (port = address.port);
      const options = { hostname: "127.0.0.1", port: 0, onListen };
      const server = Deno.serve(options, () => new Response());
      return { server, descriptor: () => findListener(libc, port)!, port: () => port };
    });
    const [one, other] = servers;
    assert.equal(noDelay(one.descriptor()), false);
    assert.equal(setListenerNoDelay(libc, one.port()), true);
    assert.equal(noDelay(one.descriptor()), true);
    assert.equal(noDelay(other.descriptor()), false);
    await Promise.all(servers.map(({ server }) => server.shutdown()));
  },
});

Deno.test({
  name: `findListener: a connection with the port is no listener${why}`,
  ignore,
  async fn() {
    if (typeof libc === "string") return;
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const [accepted, dialled] = await Promise.all([
      listener.accept(),
      Deno.connect({ hostname: "127.0.0.1", port }),
    ]);
    assert.notEqual(findListener(libc, port), undefined);
    listener.close();
    assert.equal(accepted.localAddr.port, port);
    assert.equal(findListener(libc, port), undefined);
    assert.equal(setListenerNoDelay(libc, port), false);
    accepted.close();
    dialled.close();
  },
});
