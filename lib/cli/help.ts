/**
 * `postern help`.
 *
 * @module
 */
import type { Verb } from "./command_line.ts";

const TEXT =
  `Postern: a TLS edge proxy. One routes.yaml says which hosts are passed through untouched
and which are offloaded with a certificate of their own.

usage: postern <verb> [--config FILE] [--state FOLDER]

verbs
  run            serve what the configuration says, until SIGINT or SIGTERM
  check          read the configuration and the files it names, and report what is wrong
  routes         print the effective route table
  transparent    print the routing that "source: client" needs, for a shell
  hash-password  read a password and print its hash, for "basic_auth"
  schema         print the JSON Schema of routes.yaml, for editors
  version        print the version
  help           print this text

options
  -c, --config FILE    the configuration (default: routes.yaml)
      --state FOLDER   where certificates and keys are kept (default: the configuration's "state",
                       else /var/lib/postern for root, else postern in
                       $XDG_STATE_HOME, by default ~/.local/state)
      --apply          transparent: set the routing up on this machine, as root
      --remove         transparent: take it back; both with "deno task postern-transparent"

signals
  SIGHUP            read the configuration again; if it has a problem, what runs keeps running
  SIGINT, SIGTERM   stop accepting, let connections finish, exit; a second one exits at once

exit codes
  0  done     1  failed while running     2  wrong configuration or usage`;

/** Prints the verbs and options. */
export const help: Verb = (_options, terminal) => {
  terminal.out(TEXT);
  return 0;
};
