import { describe, expect, test } from "vitest";
import { readBundle } from "../../../bundle/read-bundle.ts";
import { fromPrefixes } from "../../../ir/address-set.ts";
import { ranges } from "../../../ir/ranges.ts";
import { fleetOf, limitOf, ruleOf } from "../../tables/fleet-fixture.ts";
import { bundlePath, emitBundle } from "./index.ts";

const revision = `sha256:${"a".repeat(64)}`;
const location = { file: "policies/fleet.policy.ts", line: 9, column: 1 };
const healthCheck = {
  kind: "http",
  port: 8080,
  path: "/healthz",
  intervalSeconds: 5,
  timeoutSeconds: 2,
  unhealthyThreshold: 3,
} as const;
const documentation = fromPrefixes([{ family: 4, first: 0xcb007100n, last: 0xcb0071ffn, length: 24 }]);

const fleet = () =>
  fleetOf(
    [
      ruleOf("edge-dns/bogons", { source: documentation }),
      ruleOf(
        "edge-dns/queries",
        { fields: { destinationPort: ranges([[53, 53]]) } },
        { action: limitOf({ burst: 100 }), backend: "dns", shadow: true },
      ),
    ],
    {
      defaultVerdict: "drop",
      management: [ruleOf("management/ssh", {}, { action: { kind: "pass" } })],
      policies: [{ kind: "policy", name: "edge-dns", owners: ["dns"], backend: "dns", location }],
      backends: [
        {
          kind: "backend",
          name: "dns",
          listen: ["203.0.113.53/32"],
          protocols: ["udp"],
          ports: ranges([[53, 53]]),
          origins: ["10.0.0.1:53"],
          healthCheck,
          passRatio: 0.999,
          location,
        },
      ],
      sets: [
        {
          kind: "set",
          fed: true,
          name: "bogons",
          scope: "fleet:edge",
          addresses: documentation,
          feed: "feeds/b.txt",
          location,
        },
      ],
    },
  );

describe("emitBundle", () => {
  const { manifest } = readBundle(emitBundle(fleet(), { revision, witnesses: [] }));

  test("describes the fleet, its policies, backends and sets", () => {
    expect(manifest).toMatchObject({
      formatVersion: 1,
      abiVersion: 2,
      fleet: { name: "edge", interfaces: ["eth0"], attach: "native", defaultVerdict: "drop" },
      revision,
      policies: [{ name: "edge-dns", owners: ["dns"], backend: "dns" }],
      backends: [
        {
          name: "dns",
          listen: ["203.0.113.53/32"],
          protocols: ["udp"],
          origins: ["10.0.0.1:53"],
          healthCheck,
        },
      ],
      sets: [{ name: "bogons", scope: "fleet:edge", prefixes4: 1, prefixes6: 0, feed: "feeds/b.txt" }],
    });
  });

  test("describes rules in the order of their bits, management flows first", () => {
    expect(manifest.rules.map(({ index, id, action, shadow }) => [index, id, action, shadow])).toEqual([
      [0, "management/ssh", "pass", false],
      [1, "edge-dns/bogons", "drop", false],
      [2, "edge-dns/queries", "limit", true],
    ]);
    expect(manifest.rules[2]).toMatchObject({
      stableId: "bf1f12ba1bd003ba", // printf %s edge/edge-dns/queries | sha256sum | cut -c1-16
      backend: "dns",
      location: { file: "policies/test.policy.ts", line: 3, column: 5 },
      limit: {
        unit: "packets",
        ratePerSecond: 1000,
        burst: 100,
        key: "source",
        prefix4: 32,
        prefix6: 64,
        blockForSeconds: null,
      },
    });
  });

  test("a fleet without rules is a bundle of its config alone", () => {
    const bundle = readBundle(emitBundle(fleetOf([]), { revision, witnesses: [] }));
    expect(bundle.manifest.sections.map(({ name }) => name)).toEqual(["config"]);
  });

  test("gives the same bytes for the same fleet, built anew", () => {
    const again = emitBundle(fleet(), { revision, witnesses: [] });
    expect(Buffer.from(again).equals(emitBundle(fleet(), { revision, witnesses: [] }))).toBe(true);
  });

  test("its file is bundles/<fleet>.bundle", () => {
    expect(bundlePath(fleet())).toBe("bundles/edge.bundle");
  });
});
