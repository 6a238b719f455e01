// piston node: the agent of a node, until SIGTERM.

import {
  ConfigError,
  type ConfigInput,
  formatFault,
  type Layer,
  loadConfig,
  printJson,
  printYaml,
} from "../runtime/config/index.ts";
import { runNode } from "../runtime/node.ts";
import { defineCommand, type OptionValues } from "./command.ts";

const OPTIONS = {
  config: {
    type: "string",
    value: "FILE",
    help: "YAML or JSON with any of the keys of docs/CONFIGURATION.md",
  },
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
  "pin-path": { type: "string", value: "DIR", help: "where kernel objects are pinned, on a bpffs" },
  "metrics-address": { type: "string", value: "ADDR", help: "metrics and health: HOST:PORT or unix:/PATH" },
  "operations-address": { type: "string", value: "ADDR", help: "operations, on loopback" },
  "detach-on-exit": {
    type: "boolean",
    help: "take the filter off on SIGTERM; else filtering goes on without the agent",
  },
  profile: { type: "string", value: "NAME", help: "default, high-volume or constrained" },
  strict: { type: "boolean", help: "refuse to start where the security checks warn" },
  "log-level": { type: "string", value: "LEVEL", help: "debug, info, warn or error" },
  json: { type: "boolean", help: "log one JSON object a line" },
  set: { type: "string", value: "KEY=VALUE", multiple: true, help: "any key: --set events.bufferSize=5000" },
  "print-config": {
    type: "boolean",
    help: "print what would hold and where each value comes from (JSON with --json), and end",
  },
} as const;

export default defineCommand({
  summary: "Run the node agent: verify, prove and swap bundles into XDP",
  positionals: [],
  options: OPTIONS,
  notes:
    "A flag wins over the environment (PISTON_BUNDLE_PATH and so on), that over the file, that over the profile.\n" +
    "Without --trust every bundle is refused, unless --allow-unsigned says otherwise in plain words.\n" +
    "A generation that is pinned from before is adopted: filtering never stops for a restart.\n" +
    "SIGHUP reads the configuration again; SIGTERM ends the agent, a second one at once.",
  async run(values) {
    const input: ConfigInput = {
      file: values.config ?? process.env.PISTON_CONFIG ?? null,
      environment: process.env,
      settings: values.set,
      flags: flagsOf(values),
    };
    try {
      // What a step left hanging when it was cut off must not keep the process; the log is written by now.
      if (!values["print-config"]) process.exit(await runNode(input));
      const effective = await loadConfig(input, true);
      process.stdout.write(values.json ? printJson(effective) : printYaml(effective));
      for (const text of effective.warnings) process.stderr.write(`piston: warning: ${text}\n`);
      for (const fault of effective.missing) process.stderr.write(formatFault(fault));
      return 0;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const fault of error.faults) process.stderr.write(formatFault(fault));
      return 2;
    }
  },
});

/** Flag to the key that it gives. A flag that is not there gives nothing. */
const KEY_OF_FLAG = {
  bundle: "bundle.path",
  interface: "bundle.interfaces",
  mode: "bundle.mode",
  trust: "bundle.trustKeys",
  "allow-unsigned": "bundle.allowUnsigned",
  "pin-path": "bundle.pinPath",
  "metrics-address": "listen.metrics",
  "operations-address": "listen.operations",
  "detach-on-exit": "shutdown.detachOnExit",
  profile: "profile",
  strict: "security.strict",
  "log-level": "log.level",
  json: "log.json",
} as const;

function flagsOf(values: OptionValues<typeof OPTIONS>): Layer {
  const layer = new Map<string, { value: unknown; place: string }>();
  for (const [flag, path] of Object.entries(KEY_OF_FLAG)) {
    const value = values[flag as keyof typeof KEY_OF_FLAG];
    const given = value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
    if (given) layer.set(path, { value, place: `--${flag}` });
  }
  return layer;
}
