// piston node: the agent of a node, until SIGTERM.

import { DEFAULT_PIN_PATH } from "../runtime/kernel/pins.ts";
import { createLogger } from "../runtime/log.ts";
import { runNode } from "../runtime/node.ts";
import { defineCommand, UsageError } from "./command.ts";

export default defineCommand({
  summary: "Run the node agent: verify, prove and swap bundles into XDP",
  positionals: [],
  options: {
    bundle: {
      type: "string",
      value: "PATH",
      help: "a bundle, or a directory that holds one or its shards; watched for changes",
    },
    interface: {
      type: "string",
      short: "i",
      value: "IF",
      multiple: true,
      help: "interface to filter; those that the fleet's policy names where it is missing",
    },
    mode: {
      type: "string",
      value: "MODE",
      help: "native or generic; as the fleet's policy says where it is missing",
    },
    trust: {
      type: "string",
      value: "PATH",
      multiple: true,
      help: "public key in PEM, or a directory of them",
    },
    "allow-unsigned": { type: "boolean", help: "serve bundles that nobody signed" },
    "pin-path": {
      type: "string",
      value: "DIR",
      default: DEFAULT_PIN_PATH,
      help: "where kernel objects are pinned, on a bpffs",
    },
    "metrics-address": {
      type: "string",
      value: "ADDR",
      default: ":9090",
      help: "metrics and health: HOST:PORT or unix:/PATH",
    },
    "operations-address": {
      type: "string",
      value: "ADDR",
      default: "127.0.0.1:9091",
      help: "operations, on loopback",
    },
    "detach-on-exit": {
      type: "boolean",
      help: "take the filter off on SIGTERM; else filtering goes on without the agent",
    },
    "log-level": { type: "string", value: "LEVEL", default: "info", help: "debug, info, warn or error" },
    json: { type: "boolean", help: "log one JSON object a line" },
  },
  notes:
    "Without --trust every bundle is refused, unless --allow-unsigned says otherwise in plain words.\n" +
    "A generation that is pinned from before is adopted: filtering never stops for a restart.",
  async run(values) {
    const { bundle, mode } = values;
    if (bundle === undefined) throw new UsageError("--bundle is missing");
    if (mode !== undefined && mode !== "native" && mode !== "generic")
      throw new UsageError(`--mode is native or generic, not ${mode}`);
    const level = (["debug", "info", "warn", "error"] as const).find((name) => name === values["log-level"]);
    if (!level) throw new UsageError(`--log-level is debug, info, warn or error, not ${values["log-level"]}`);
    return runNode({
      bundlePath: bundle,
      interfaces: values.interface,
      mode: mode ?? null,
      trustKeys: values.trust,
      allowUnsigned: values["allow-unsigned"],
      pinPath: values["pin-path"],
      metricsAddress: values["metrics-address"],
      operationsAddress: values["operations-address"],
      detachOnExit: values["detach-on-exit"],
      logger: createLogger({ json: values.json, level }),
    });
  },
});
