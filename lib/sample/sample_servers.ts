/**
 * The small servers behind `upstream: sample`: something to see before there is anything to serve.
 * One speaks plain HTTP, for offload; one speaks TLS with a certificate of its own, for passthrough.
 * Both tell what they were told about the client. They listen on loopback and hold no secrets.
 *
 * @module
 */
import type { TcpAddress } from "../base/addresses.ts";

/** The sample servers that are open. */
export interface SampleServers {
  readonly http: TcpAddress;
  readonly tls: TcpAddress;
  close(): Promise<void>;
}

/** @param certificate Of the TLS sample. @throws {Error} If a listener cannot be opened. */
export function openSampleServers(
  certificate: { readonly certPem: string; readonly keyPem: string },
): SampleServers {
  const http = open({}, "plain HTTP, behind an offloaded route");
  const tls = open(
    { cert: certificate.certPem, key: certificate.keyPem },
    "TLS with a certificate of its own, behind a passthrough route",
  );
  return {
    http: http.address,
    tls: tls.address,
    close: async () => {
      await Promise.all([http.shutdown(), tls.shutdown()]);
    },
  };
}

function open(tls: { cert?: string; key?: string }, what: string) {
  let port = 0;
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...tls as { cert: string; key: string },
    automaticCompression: false,
    onListen: (address) => void (port = address.port),
  }, (request, info) => answer(request, info.remoteAddr.hostname, what));
  const address: TcpAddress = { kind: "tcp", hostname: "127.0.0.1", port };
  return { address, shutdown: () => server.shutdown() };
}

function answer(request: Request, peer: string, what: string): Response {
  const told = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "via"]
    .map((name) => [name, request.headers.get(name)] as const)
    .filter(([, value]) => value !== null);
  const lines: (readonly [string, string | null])[] = [
    ["asked for", `${request.method} ${request.url}`],
    ["connected from", peer],
    ...told,
  ];
  const text = lines.map(([name, value]) => `  ${name.padEnd(18)}${value}\n`).join("");
  const bytes = new TextEncoder().encode(`Postern sample upstream: ${what}\n${text}`);
  return new Response(bytes, { headers: { "content-type": "text/plain; charset=utf-8" } });
}
