import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readBundle } from "../bundle/index.ts";
import {
  by,
  drop,
  fleet,
  limit,
  management,
  not,
  packets,
  packetsPerSecond,
  pass,
  policy,
  prefixes,
  range,
} from "../policy/index.ts";
import type { Fleet, Rule } from "../policy/types.ts";
import { compile } from "./compile.ts";
import { inputOfFleets, loadPolicies } from "./load/index.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const run = async (...fleets: Fleet[]) => compile(await inputOfFleets(fleets, { root: ROOT }));

const networks = { operators: prefixes("192.0.2.0/28"), bogons: prefixes("10.0.0.0/8") };
const edge = (rules: readonly Rule[], more: Partial<Parameters<typeof fleet>[1]> = {}) =>
  fleet("edge", {
    nodeSelector: {},
    interfaces: ["eth0"],
    attach: "native",
    defaultVerdict: "pass",
    sets: networks,
    management: [management("ssh", { source: "operators", protocol: "tcp", destinationPort: 22 })],
    policies: [policy("rules", { owners: ["team"], sets: networks, rules: rules as never })],
    ...more,
  } as never);

describe("the sample policies", async () => {
  const input = await loadPolicies(`${ROOT}/policies`);
  const result = compile(input);

  test("compile without a diagnostic", () => {
    expect(result.diagnostics).toEqual([]);
    expect(result.fleets.map(({ name }) => name)).toEqual(["edge"]);
  });

  test("give every kind of artifact, in order of path", () => {
    const paths = result.artifacts.map(({ path }) => path);
    expect(paths).toEqual([...paths].sort());
    expect([...new Set(paths.map((path) => path.split("/")[0]))]).toEqual([
      "alertmanager",
      "alerts",
      "bundles",
      "ci",
      "dashboards",
      "environments",
      "manifests",
      "prometheus",
    ]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  test("have a witness for every rule and management flow, in the bundle", () => {
    const bytes = result.artifacts.find(({ path }) => path === "bundles/edge.bundle")!.bytes;
    const { manifest } = readBundle(bytes);
    const shown = new Set(manifest.witnesses.map(({ rule }) => rule));
    expect(manifest.rules.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([]);
    expect(manifest.revision).toBe(input.revision);
  });

  test("give the same bytes again, also from a second reading", async () => {
    const again = compile(await loadPolicies(`${ROOT}/policies`));
    const bytesOf = ({ artifacts }: typeof result) =>
      artifacts.map(({ path, bytes }) => [path, Buffer.from(bytes).toString("base64")]);
    expect(bytesOf(again)).toEqual(bytesOf(result));
  });
});

describe("a policy at fault", () => {
  test("gets every fault told in one run, and no artifact", async () => {
    const { diagnostics, fleets, artifacts } = await run(
      edge([
        drop("not-canonical", { source: "10.0.0.1/8" }),
        drop("misspelled", { source: "bogon" as never }),
        drop("spoofed", { source: "bogons" }),
        pass("covered", { source: "10.1.0.0/16", protocol: "udp" }),
        drop("closed", { protocol: "tcp" }),
        limit(
          "spoofed",
          { source: not("operators") },
          { rate: packetsPerSecond(1), burst: packets(1), key: by.source() },
        ),
        drop("too-far", { lengthBytes: range(0, 70_000) }),
      ]),
    );
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
      ["non-canonical-prefix", "error"],
      ["unknown-set", "error"],
      ["unreachable-rule", "error"],
      ["management-lockout", "error"],
      ["duplicate-name", "error"],
      ["bad-value", "error"],
    ]);
    for (const { location, help } of diagnostics) {
      expect(location.file).toBe("src/compiler/compile.test.ts");
      expect(location.line).toBeGreaterThan(1);
      expect(help).not.toBe("");
    }
    expect([fleets, artifacts]).toEqual([[], []]);
  });

  test("whose only rule is at fault is not told to have no rules", async () => {
    const { diagnostics } = await run(edge([drop("misspelled", { source: "bogon" as never })]));
    expect(diagnostics.map(({ code }) => code)).toEqual(["unknown-set"]);
  });

  test("keeps a sound fleet beside it from being written too", async () => {
    const sound = edge([drop("spoofed", { source: "bogons" })]);
    const broken = fleet("core", { ...sound, interfaces: ["eth0", "eth0"] } as never);
    expect((await run(sound)).artifacts.length).toBeGreaterThan(0);
    const { diagnostics, artifacts } = await run(sound, broken);
    expect(diagnostics.map(({ code }) => code)).toEqual(["duplicate-interface"]);
    expect(artifacts).toEqual([]);
  });

  test("that two fleets share is told once", async () => {
    const shared = policy("shared", {
      owners: ["team"],
      sets: {},
      rules: [drop("all", { source: "10.0.0.0/8" }), drop("part", { source: "10.1.0.0/16" })],
    });
    const one = edge([], { policies: [shared], management: [] });
    const two = fleet("core", { ...one, policies: [shared] } as never);
    expect((await run(one, two)).diagnostics.map(({ code }) => code)).toEqual(["unreachable-rule"]);
  });
});

test("a warning stops nothing", async () => {
  const { diagnostics, artifacts } = await run(
    edge([drop("jumbo", { source: not("operators"), lengthBytes: range(4_000, 65_535) })]),
  );
  expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([["no-witness", "warning"]]);
  expect(artifacts.length).toBeGreaterThan(0);
});
