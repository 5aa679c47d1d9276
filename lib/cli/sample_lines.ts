/**
 * The lines that prove a sample configuration, ready to paste into a shell. Pure.
 *
 * @module
 */
import { join } from "node:path";
import type { TcpAddress } from "../base/addresses.ts";
import type { Config, RouteConfig } from "../config/config.ts";
import type { BoundAddresses } from "../relay/relay_engine.ts";
import { SAMPLE_CERTIFICATE_NAME } from "../sample/sample_certificate.ts";
import { INTERNAL_CA_CERT_NAME } from "../tls/internal_ca.ts";

/** Returns nothing if no route uses a sample. */
export function sampleLines(config: Config, bound: BoundAddresses, stateFolder: string): string[] {
  const samples = config.routes.filter((route) =>
    route.servers.some(({ address }) => address.kind === "sample")
  );
  if (samples.length === 0) return [];
  const lines = samples.flatMap((route) => linesOf(route, bound, stateFolder));
  return ["", "Try it:", "", ...lines, ""];
}

function linesOf(route: RouteConfig, bound: BoundAddresses, stateFolder: string): string[] {
  const pattern = route.hosts.find(({ kind }) => kind === "exact");
  if (pattern?.kind !== "exact") return [];
  const { what, trust } = howToTrust(route, stateFolder);
  const secure = curl(pattern.name, "https", bound.https[0]);
  const lines = [`  # ${pattern.name}, ${what}`, `  ${secure.command} ${trust}${secure.url}`];
  if (bound.http.length > 0) {
    const plain = curl(pattern.name, "http", bound.http[0]);
    lines.push(`  ${plain.command} --include ${plain.url}`);
  }
  return [...lines, ""];
}

/** With files of one's own, and once an ordered certificate is there, curl knows the root by itself. */
function howToTrust({ certificate, mode }: RouteConfig, stateFolder: string) {
  const option = (name: string) => `--cacert ${quote(join(stateFolder, name))} `;
  if (mode === "passthrough") {
    const what = "passed through: the certificate is the sample's own";
    return { what, trust: option(SAMPLE_CERTIFICATE_NAME) };
  }
  switch (certificate?.kind) {
    case "file":
      return { what: "offloaded: the certificate is that of your files", trust: "" };
    case "auto":
      return { what: "offloaded: the certificate is ordered, which takes a moment", trust: "" };
    default: {
      const what = "offloaded: the certificate is the internal CA's";
      return { what, trust: option(INTERNAL_CA_CERT_NAME) };
    }
  }
}

function curl(host: string, scheme: string, { hostname, port }: TcpAddress) {
  const wildcard = hostname === "::" || hostname === "0.0.0.0";
  const address = wildcard ? "127.0.0.1" : hostname;
  return {
    command: `curl --silent --resolve ${host}:${port}:${
      address.includes(":") ? `[${address}]` : address
    }`,
    url: `${scheme}://${host}:${port}/`,
  };
}

/** For a POSIX shell (§2.2.2), where it would split or expand the text. */
function quote(text: string): string {
  return /^[\w.,:/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
