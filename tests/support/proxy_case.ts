/**
 * One behaviour of a reverse proxy as a case: a host of its own, a server behind it that plays a
 * script, and what a client must see. All cases of a table share one Postern. Does I/O.
 *
 * @module
 */
import { type BrokenUpstream, type Script, startBrokenUpstream } from "./broken_upstream.ts";
import { curl, type CurlResult } from "./curl.ts";
import type { Postern } from "./postern.ts";
import { openTls, type RawClient } from "./raw_client.ts";
import { openRawHttp2, type RawHttp2 } from "./raw_http2.ts";
import { internalCaFile, offloadTo, startWithRoutes, type YamlMapping } from "./routes.ts";
import { openStrictHttp2, type StrictHttp2 } from "./strict_http2.ts";

/** A behaviour with the test that holds it. */
export interface ProxyCase {
  /** As the corpus calls it. */
  readonly n: string;
  /** What the server behind the case's host plays on each connection. */
  readonly script: Script;
  /** Keys of its route beside the upstream. */
  readonly route?: YamlMapping;
  /** Fails if the proxy does something else. */
  run(scene: ProxyScene): Promise<void>;
}

/** What a case can play with. */
export class ProxyScene {
  readonly host: string;
  readonly postern: Postern;
  readonly upstream: BrokenUpstream;
  /** Heads of requests that the server has read, in their order. */
  readonly heads: readonly string[];
  readonly #caPem: string;

  constructor(
    place: { postern: Postern; host: string; upstream: BrokenUpstream; heads: readonly string[] },
  ) {
    this.host = place.host;
    this.postern = place.postern;
    this.upstream = place.upstream;
    this.heads = place.heads;
    this.#caPem = Deno.readTextFileSync(internalCaFile(place.postern));
  }

  /** Connects for HTTP/1.1. */
  async open(): Promise<RawClient> {
    const options = { serverName: this.host, caPem: this.#caPem, alpn: ["http/1.1"] };
    return await openTls(this.postern.https[0], options);
  }

  /** Connects for HTTP/2. */
  async openHttp2(): Promise<RawHttp2> {
    return await openRawHttp2(this.postern.https[0], {
      serverName: this.host,
      caPem: this.#caPem,
    });
  }

  /** Connects for HTTP/2 as a client that keeps to the rules, and sees whether Postern does. */
  async openStrictHttp2(): Promise<StrictHttp2> {
    return await openStrictHttp2(this.postern.https[0], {
      serverName: this.host,
      caPem: this.#caPem,
    });
  }

  /**
   * Sends one HTTP/1.1 request and returns everything that comes until the connection ends.
   *
   * @param lines The request line and fields but `Host`; they should ask for the end.
   * @param body Behind the head.
   */
  async ask(lines: readonly string[], body = ""): Promise<string> {
    using client = await this.open();
    await client.write(this.format(lines) + body);
    return (await client.readToEnd()).text;
  }

  /** Formats the head of a request to the case's host. */
  format([requestLine, ...fields]: readonly string[]): string {
    return [requestLine, `Host: ${this.host}`, ...fields, "\r\n"].join("\r\n");
  }

  /** Fetches with curl. */
  async curl(path: string, args: readonly string[] = []): Promise<CurlResult> {
    const to = this.postern.https[0];
    const caFile = internalCaFile(this.postern);
    return await curl(`https://${this.host}${path}`, { to, caFile, args });
  }
}

/** Runs every case as a step of a test, against one Postern. */
export async function runProxyCases(
  context: Deno.TestContext,
  cases: readonly ProxyCase[],
  top: YamlMapping = {},
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const places = cases.map((each) => {
    const heads: string[] = [];
    const upstream = stack.use(startBrokenUpstream(recorded(each.script, heads)));
    return { ...each, host: `${each.n}.test`, heads, upstream };
  });
  const routes = places.map(({ host, upstream, route }) =>
    offloadTo(host, `http://127.0.0.1:${upstream.address.port}`, route)
  );
  const postern = stack.use(await startWithRoutes(routes, { top }));
  for (const { n, run, ...place } of places) {
    await context.step(n, () => run(new ProxyScene({ postern, ...place })));
  }
}

/** A script that keeps the connection and answers every request, without a body, alike. */
export function answerEach(answer: string): Script {
  return async (peer) => {
    for (;;) {
      await peer.readHead();
      await peer.write(answer);
    }
  };
}

/** A script that answers one request and closes. */
export function answerOnce(answer: string): Script {
  return async (peer) => {
    await peer.readHead();
    await peer.write(answer);
  };
}

/** An answer with a body and its length. */
export function ok200(body = "ok", ...fields: readonly string[]): string {
  return ["HTTP/1.1 200 OK", `Content-Length: ${body.length}`, ...fields, "", body].join("\r\n");
}

/** Returns the status of an HTTP/1.1 answer; 0 if there is none. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

function recorded(script: Script, heads: string[]): Script {
  return (peer) =>
    script({
      ...peer,
      readHead: async () => {
        const head = await peer.readHead();
        heads.push(head);
        return head;
      },
    });
}
