// piston capacity: what a site of some traffic needs, by the operations guide's calculation, by what the compiler knows of
// the fleets, and by what a core was measured to do.

import { existsSync, readFileSync } from "node:fs";
import { readManifestOf } from "../bundle/index.ts";
import { splitBundle } from "../bundle/shards.ts";
import { coreRateOf } from "../capacity/bench.ts";
import {
  type CoreRate,
  DOCUMENTED_CORE,
  type FleetSize,
  GENERATIONS_AT_ONCE,
  type Plan,
  planCapacity,
} from "../capacity/plan.ts";
import { bundlePath } from "../compiler/emit/bundle/index.ts";
import { CommandError, defineCommand, UsageError } from "./command.ts";
import { compilePolicies, findPolicies, hasErrors, printDiagnostics } from "./policies.ts";
import { formatTable } from "./table.ts";

export default defineCommand({
  summary: "Say how many nodes, and how much CPU and memory, some traffic needs",
  positionals: [],
  options: {
    gbps: {
      type: "string",
      value: "N",
      help: "traffic at its busiest, Gbit/s; the site's `traffic` where it is missing",
    },
    "attack-ratio": {
      type: "string",
      value: "SHARE",
      help: "share of it that is attack, 0 to 1; the site's, else 0.3",
    },
    backends: {
      type: "string",
      value: "N",
      help: "protected services; those of the policies where it is missing",
    },
    rules: { type: "string", value: "N", help: "rules; those of the policies where it is missing" },
    policies: {
      type: "string",
      value: "DIR",
      help: "policies to size exactly; policies/ here or above where it is missing",
    },
    bench: {
      type: "string",
      value: "FILE",
      help: "output of `npm run -s bench -- --json`: what a core of your machine does",
    },
    cores: { type: "string", value: "N", default: "4", help: "cores of a node that take packets" },
    "link-gbps": { type: "string", value: "N", default: "25", help: "link of a node" },
    "attack-bytes": { type: "string", value: "N", default: "60", help: "length of a frame of an attack" },
    "other-bytes": { type: "string", value: "N", default: "512", help: "length of the other frames" },
    json: { type: "boolean", help: "print one JSON document" },
  },
  notes: "Example: piston capacity --gbps 25 --attack-ratio 0.3 --backends 100 --rules 500",
  async run(values) {
    const known = await sizesOf(values.policies);
    if (known === null) return 1;
    const { fleets, traffic } = known;
    const gbps = numberOf("gbps", values.gbps) ?? traffic?.peakGbps;
    if (gbps === undefined) throw new UsageError("missing --gbps: no site here says its traffic");
    const attackRatio = numberOf("attack-ratio", values["attack-ratio"]) ?? traffic?.attackRatio ?? 0.3;
    if (attackRatio > 1) throw new UsageError("--attack-ratio is a share: 0 to 1");
    const demand = {
      trafficGbps: gbps,
      attackRatio,
      backends: numberOf("backends", values.backends) ?? sum(fleets.map((fleet) => fleet.backends)),
      rules: numberOf("rules", values.rules) ?? sum(fleets.map((fleet) => fleet.rules)),
    };
    const node = {
      cores: positive("cores", values.cores),
      linkGbps: positive("link-gbps", values["link-gbps"]),
    };
    const frames = {
      attackBytes: positive("attack-bytes", values["attack-bytes"]),
      otherBytes: positive("other-bytes", values["other-bytes"]),
    };
    const plan = planCapacity(demand, fleets, coreRate(values.bench), node, frames);
    process.stdout.write(values.json ? `${JSON.stringify(plan)}\n` : render(plan));
    return 0;
  },
});

interface Known {
  readonly fleets: readonly FleetSize[];
  readonly traffic: { readonly peakGbps: number; readonly attackRatio: number } | null;
}

/** Nothing is known outside a repository with policies; that is no fault. null: they have errors, which are printed. */
async function sizesOf(named: string | undefined): Promise<Known | null> {
  let path: string;
  try {
    path = findPolicies(named);
  } catch (error) {
    if (named === undefined && error instanceof CommandError) return { fleets: [], traffic: null };
    throw error;
  }
  const compiled = await compilePolicies(path);
  if (hasErrors(compiled)) {
    printDiagnostics(compiled, false);
    return null;
  }
  const { fleets, sites, artifacts } = compiled.result;
  return {
    fleets: fleets.map((fleet) => {
      const bundle = artifacts.find((one) => one.path === bundlePath(fleet))!.bytes;
      return {
        name: fleet.name,
        rules: fleet.rules.length,
        backends: fleet.backends.length,
        tableBytes: readManifestOf(bundle).memoryBytes,
        bundleBytes: bundle.length,
        shards: splitBundle(fleet.name, bundle).shards.length,
      };
    }),
    traffic: sites[0]?.traffic ?? null,
  };
}

function coreRate(file: string | undefined): CoreRate {
  if (file === undefined) return DOCUMENTED_CORE;
  if (!existsSync(file))
    throw new CommandError(`${file}: no such file`, "make it by `npm run -s bench -- --json > FILE`");
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new CommandError(`${file} is no JSON`, "make it by `npm run -s bench -- --json > FILE`");
  }
  const rate = coreRateOf(document, file);
  if (rate === null)
    throw new CommandError(
      `${file} has neither row end-to-end nor decision`,
      "run the bench without --only, or with --only end-to-end",
    );
  return rate;
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new UsageError(`--${option} is a number, not ${JSON.stringify(text)}`);
  return value;
}

function positive(option: string, text: string): number {
  const value = numberOf(option, text)!;
  if (value === 0) throw new UsageError(`--${option} is above 0`);
  return value;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function render({ demand, estimate, tier, resources, packetsPerSecond, core, nodes, fleets }: Plan): string {
  const { gateway, worker, database } = estimate;
  const parts = [
    `${demand.trafficGbps} Gbit/s, ${Math.round(demand.attackRatio * 100)} % of it attack; ${demand.backends} backends, ${demand.rules} rules. Tier: ${tier}.`,
    formatTable(
      ["all of", "instances", "CPU, millicores", "memory, MB", "storage, GB"],
      [
        ["gateway", gateway.replicas, gateway.cpuMillicores, gateway.memoryMb, ""],
        ["workers", worker.nodes, worker.cpuMillicores, worker.memoryMb, ""],
        ["database", "", database.cpuMillicores, database.memoryMb, database.storageGb],
      ],
    ),
    `Each gateway at this tier: ${resources.gateway.cpu} CPU, ${resources.gateway.memory}; each agent: ${resources.worker.cpu} CPU, ${resources.worker.memory}.`,
    `${million(packetsPerSecond.all)} packets/s (${million(packetsPerSecond.attack)} of attack), ${million(core.packetsPerSecond)} a core.\nRate of a core: ${core.from}.`,
    `Nodes: ${nodes.needed} (packets need ${nodes.forPackets}, links ${nodes.forLinks}, both at 70 % load; the guide has ${nodes.guide}).`,
  ];
  if (fleets.length > 0)
    parts.push(
      formatTable(
        ["fleet", "rules", "backends", "tables, KiB", "at a swap, KiB", "bundle, KiB", "ConfigMaps"],
        fleets.map((one) => [
          one.name,
          one.rules,
          one.backends,
          Math.ceil(one.tableBytes / 1024),
          Math.ceil((one.tableBytes * GENERATIONS_AT_ONCE) / 1024),
          Math.ceil(one.bundleBytes / 1024),
          one.shards,
        ]),
      ),
    );
  return `${parts.join("\n\n")}\n`;
}

function million(value: number): string {
  return `${(value / 1e6).toFixed(2)} M`;
}
