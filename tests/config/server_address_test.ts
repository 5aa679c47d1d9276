import assert from "node:assert/strict";
import { formatAddress } from "../../lib/base/addresses.ts";
import {
  HttpUpstream,
  parseServerAddress,
  SERVER_WANTED,
  type ServerAddress,
} from "../../lib/config/server_address.ts";

function show({ address, scheme }: ServerAddress): string {
  return `${scheme} ${address.kind === "sample" ? "sample" : formatAddress(address)}`;
}

const READ: readonly [mode: "passthrough" | "offload", text: string, shown: string][] = [
  ["passthrough", "10.0.0.1:443", "tcp 10.0.0.1:443"],
  ["passthrough", "[FD00:0::1]:8443", "tcp [fd00::1]:8443"],
  ["passthrough", "[::ffff:10.0.0.1]:1", "tcp 10.0.0.1:1"],
  ["passthrough", "Web.Lan:65535", "tcp web.lan:65535"],
  ["passthrough", "my_app:443", "tcp my_app:443"],
  ["passthrough", "unix:/run/a b.sock", "tcp unix:/run/a b.sock"],
  ["passthrough", "sample", "tcp sample"],
  ["offload", "http://10.0.0.1", "http 10.0.0.1:80"],
  ["offload", "https://10.0.0.1", "https 10.0.0.1:443"],
  ["offload", "HTTP://App.Lan:3000/", "http app.lan:3000"],
  ["offload", "https://[::1]", "https [::1]:443"],
  ["offload", "https://[::1]:8443", "https [::1]:8443"],
  ["offload", "unix:/run/app.sock", "http unix:/run/app.sock"],
  ["offload", "sample", "http sample"],
  ["passthrough", `unix:/${"x".repeat(106)}`, `tcp unix:/${"x".repeat(106)}`],
];

for (const [mode, text, shown] of READ) {
  Deno.test(`parseServerAddress reads ${text.slice(0, 40)} for ${mode}`, () => {
    const reading = parseServerAddress(text, mode);
    assert(reading.kind === "value", JSON.stringify(reading));
    assert.equal(show(reading.value), shown);
  });
}

const REFUSED: readonly [
  mode: "passthrough" | "offload",
  text: string,
  state: string,
  hint?: string,
][] = [
  ["passthrough", "", "it is empty"],
  ["passthrough", "10.0.0.6", "port is missing"],
  ["passthrough", "10.0.0.6:", "port is missing"],
  ["passthrough", ":443", "host is missing"],
  ["passthrough", "10.0.0.6:0", "nothing can be reached at port 0"],
  ["passthrough", "10.0.0.6:65536", "port is not a number from 0 to 65535"],
  ["passthrough", "10.0.0.6:44x", "port is not a number from 0 to 65535"],
  ["passthrough", "a:b:443", "it is not an address"],
  ["passthrough", "fd00::1", "brackets are missing", 'write "[fd00::1]:443"'],
  ["passthrough", "[fd00::1]", "port is missing"],
  ["passthrough", "[web.lan]:443", "host is neither a hostname nor an IP address"],
  ["passthrough", "10.0.0.256:443", "host is neither a hostname nor an IP address"],
  ["passthrough", "a b:443", "host is neither a hostname nor an IP address"],
  ["passthrough", "unix:", 'path is not absolute, as in "unix:/run/app.sock"'],
  ["passthrough", "unix:a.sock", 'path is not absolute, as in "unix:/run/app.sock"'],
  ["passthrough", "unix:/a\0b", 'path is not absolute, as in "unix:/run/app.sock"'],
  [
    "passthrough",
    `unix:/${"ä".repeat(54)}`,
    "path has 109 bytes, and a socket's path at most 107",
  ],
  ["passthrough", "https://a", "it is a URL", 'write "a:443", or set "mode: offload"'],
  ["passthrough", "https://a:1/", "it is a URL", 'write "a:1", or set "mode: offload"'],
  ["passthrough", "https://[::1]", "it is a URL", 'write "[::1]:443", or set "mode: offload"'],
  ["passthrough", "tls://", "it is a URL"],
  ["offload", "10.0.0.6:3000", "scheme is missing", 'write "http://10.0.0.6:3000"'],
  ["offload", "app", "scheme is missing", 'write "http://app"'],
  ["offload", "app:", "port is missing"],
  ["offload", "http://app:", "port is missing"],
  ["offload", "http://", "host is missing"],
  ["offload", "http://:80", "host is missing"],
  ["offload", "http://a/b", "it has a path", 'write "http://a"'],
  ["offload", "http://a?b", "it has a query or a fragment", 'write "http://a"'],
  ["offload", "http://a#b", "it has a query or a fragment", 'write "http://a"'],
  ["offload", "http://me:pw@a", "it holds credentials"],
  ["offload", "ftp://a", '"ftp" is not spoken to this server'],
  ["offload", "http://fd00::1", "brackets are missing", 'write "http://[fd00::1]:80"'],
  ["offload", "https://fd00::1", "brackets are missing", 'write "https://[fd00::1]:443"'],
  ["offload", "http://[fd00::1", "it is not an address"],
];

for (const [mode, text, state, hint] of REFUSED) {
  Deno.test(`parseServerAddress refuses "${text.slice(0, 30)}" for ${mode}: ${state}`, () => {
    const reading = parseServerAddress(text, mode);
    assert(reading.kind === "problem", JSON.stringify(reading));
    assert.equal(reading.state, `${state}, expected ${SERVER_WANTED[mode]}`);
    assert.equal(reading.hint, hint);
  });
}

const UPSTREAMS: readonly [text: string, shown: string | undefined][] = [
  ["10.0.0.1:80", "http 10.0.0.1:80"],
  ["http://10.0.0.1", "http 10.0.0.1:80"],
  ["http://web.lan:8080", "http web.lan:8080"],
  ["unix:/run/plain.sock", "http unix:/run/plain.sock"],
  ["sample", "http sample"],
  ["10.0.0.1", undefined],
  ["https://10.0.0.1", undefined],
  ["http://10.0.0.1/x", undefined],
];

for (const [text, shown] of UPSTREAMS) {
  Deno.test(`HttpUpstream ${shown === undefined ? "refuses" : "reads"} ${text}`, () => {
    const result = HttpUpstream.safeParse(text);
    assert.equal(result.success ? show(result.data) : undefined, shown);
  });
}
