/**
 * Files of lib/ without a test file at the mirrored path, each with the test that covers it. Plain
 * data, in order of the path.
 *
 * @module
 */

/** A file, or with a final slash a folder, to the test file that covers it. */
export const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  // The steps of one issuance, against a CA that plays every fault.
  "lib/acme/authorization.ts": "tests/acme/issuance_test.ts",
  "lib/acme/client.ts": "tests/acme/account_test.ts",
  "lib/acme/csr.ts": "tests/acme/issuance_test.ts",
  "lib/acme/directory.ts": "tests/acme/transport_test.ts",
  "lib/acme/order.ts": "tests/acme/issuance_test.ts",
  "lib/acme/poll.ts": "tests/acme/issuance_test.ts",
  "lib/acme/resource.ts": "tests/acme/issuance_test.ts",
  // Numbers only: their units, values and reasons are looked at.
  "lib/base/certificate_limits.ts": "tests/conventions/limits_test.ts",
  "lib/base/http2_limits.ts": "tests/conventions/limits_test.ts",
  "lib/base/limits.ts": "tests/conventions/limits_test.ts",
  // Keys of the schema, whichever file they stand in.
  "lib/config/access_schema.ts": "tests/config/resolve_access_test.ts",
  "lib/config/compress_schema.ts": "tests/config/resolve_compress_test.ts",
  "lib/config/paths_schema.ts": "tests/config/resolve_paths_test.ts",
  "lib/config/balancing_schema.ts": "tests/config/schema_test.ts",
  // Parts of one verb.
  "lib/cli/named_files.ts": "tests/cli/check_test.ts",
  "lib/cli/policy_text.ts": "tests/cli/routes_test.ts",
  // Signals, exit codes and the log, as a process.
  "lib/cli/run.ts": "tests/e2e/lifecycle_test.ts",
  "lib/cli/signals.ts": "tests/e2e/lifecycle_test.ts",
  // What frames mean, by the sections of RFC 9113.
  "lib/http/http2/error_codes.ts": "tests/http/http2/conformance_frames_test.ts",
  "lib/http/http2/frame_checks.ts": "tests/http/http2/conformance_frames_test.ts",
  "lib/http/http2/frame_handler.ts": "tests/http/http2/conformance_frame_types_test.ts",
  "lib/http/http2/stream.ts": "tests/http/http2/conformance_streams_test.ts",
  "lib/http/http2/stream_table.ts": "tests/http/http2/conformance_streams_test.ts",
  // Requests, their bodies and their answers, as a client sees them.
  "lib/http/http2/answer_writer.ts": "tests/http/http2/messages_test.ts",
  "lib/http/http2/request_server.ts": "tests/http/http2/server_connection_test.ts",
  // The parts of one exchange, against scripted connections and an upstream that plays every fault.
  "lib/http/upstream/answer_body.ts": "tests/http/upstream/upstream_exchange_test.ts",
  "lib/http/upstream/dial.ts": "tests/http/upstream/start_tls_test.ts",
  "lib/http/upstream/response_reader.ts": "tests/http/upstream/upstream_exchange_test.ts",
  "lib/http/upstream/tls_failure.ts": "tests/http/upstream/start_tls_test.ts",
  "lib/http/upstream/upstream_connection.ts": "tests/http/upstream/upstream_faults_test.ts",
  // Puts parts together that have tests of their own; what comes out is seen by starting it.
  "lib/http/http_plane.ts": "tests/edge_test.ts",
  // A count, and the answers that hold it.
  "lib/http/policy/compression_slots.ts": "tests/http/policy/compress_test.ts",
  // Numbers of the kernel's interface: a wrong one fails wherever it is used.
  "lib/linux/constants.ts": "tests/relay/splice/splice_engine_test.ts",
  // Both versions through the one way in.
  "lib/proxy_protocol/parse_proxy_v2.ts": "tests/proxy_protocol/proxy_v2_test.ts",
  "lib/proxy_protocol/proxy_endpoints.ts": "tests/proxy_protocol/proxy_v2_test.ts",
  "lib/proxy_protocol/proxy_result.ts": "tests/proxy_protocol/proxy_header_test.ts",
  // Phases of a connection: the suite sees them from outside.
  "lib/relay/hello_refusals.ts": "tests/relay/portable/portable_engine_test.ts",
  "lib/relay/portable/close_quietly.ts": "tests/relay/portable/portable_engine_test.ts",
  "lib/relay/portable/refuse.ts": "tests/relay/portable/portable_engine_test.ts",
  "lib/relay/portable/relay_to_hop.ts": "tests/relay/portable/portable_engine_test.ts",
  "lib/relay/portable/relay_to_server.ts": "tests/relay/portable/portable_engine_test.ts",
  "lib/relay/portable/serve_tls.ts": "tests/relay/portable/portable_engine_test.ts",
  "lib/relay/portable/write_all.ts": "tests/relay/portable/portable_engine_test.ts",
  // One worker, as the suite that every engine passes sees it.
  "lib/relay/splice/accept.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/connection.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/dial.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/keep_alive.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/move_bytes.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/read_hello.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/refuse.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/relay_to_hop.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/relay_to_server.ts": "tests/relay/splice/splice_engine_test.ts",
  "lib/relay/splice/relay_worker.ts": "tests/relay/splice/splice_engine_test.ts",
  // Workers that die, and several at once.
  "lib/relay/splice/worker.ts": "tests/relay/splice/worker_death_test.ts",
  "lib/relay/splice/worker_context.ts": "tests/relay/splice/worker_death_test.ts",
  "lib/relay/splice/worker_handle.ts": "tests/relay/splice/worker_death_test.ts",
  "lib/relay/splice/worker_memory.ts": "tests/relay/splice/worker_death_test.ts",
  "lib/relay/splice/worker_plan.ts": "tests/relay/splice/worker_death_test.ts",
  // What the file store says and writes.
  "lib/state/state_error.ts": "tests/state/file_store_test.ts",
  "lib/state/write_file.ts": "tests/state/file_store_test.ts",
  // Files and keys are seen through what is made of them.
  "lib/tls/certificate_file.ts": "tests/tls/certificate_store_test.ts",
  // The ClientHello's two inner steps: what they find is what the parser says.
  "lib/tls/hello_extensions.ts": "tests/tls/client_hello_test.ts",
  "lib/tls/hello_message.ts": "tests/tls/client_hello_test.ts",
  "lib/tls/x509.ts": "tests/tls/internal_ca_test.ts",
  // One of many checks: all that it does shows in what they find.
  "lib/upstream/health_check.ts": "tests/upstream/health_checks_test.ts",
};
