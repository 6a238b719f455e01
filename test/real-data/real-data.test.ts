// Real lists at their real size: a threat feed of 120,000 addresses as a deny set and every country as a set, in one
// fleet of 1,000 rules. It compiles, an agent loads, proves and swaps to it, and 100,000 addresses get in the kernel what a
// search of the text files says.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bundle, readBundle } from "../../src/bundle/index.ts";
import type { Prefix } from "../../src/ir/prefix.ts";
import { createNamespaces, type Namespaces } from "../../src/lab/namespaces.ts";
import { buildPacket } from "../../src/packet/build.ts";
import {
  by,
  drop,
  feed,
  fleet,
  limit,
  packets,
  packetsPerSecond,
  pass,
  policy,
  range,
  union,
} from "../../src/policy/index.ts";
import type { Fleet, Rule, SetNode } from "../../src/policy/types.ts";
import { type Agent, startAgent } from "../../src/runtime/agent.ts";
import { enterNetworkNamespace } from "../../src/runtime/bpf/index.ts";
import { configOf } from "../../src/runtime/config/index.ts";
import { detach } from "../../src/runtime/kernel/detach.ts";
import { readProgramObject } from "../../src/runtime/kernel/generation.ts";
import { createProofEngine } from "../../src/runtime/kernel/proof-engine.ts";
import type { Logger } from "../../src/runtime/log.ts";
import { Random } from "../differential/random.ts";
import { walkAddresses } from "../kernel/address-walk.ts";
import { FILTER_OBJECT } from "../support/build-filter.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { countryCodes, countryFiles, DATA, dataSkipReason, ownerOf, readRanges } from "./lists.ts";

const FLEET = "real-data";
const RULES = 1000;
const ADDRESSES = 100_000;
const SEED = 20_260_101;

const guards = { minEntries: 1, maxEntries: 1_000_000 };
const list = (name: string) => feed(`../../${DATA}/${name}`, guards);

/** A country's set is named after it. `us` alone has 40,000 prefixes. */
const setName = (code: string) => `in-${code}`;
const DNS = 53;
const SSDP = 1900;
const TELNET = 23;

/** Four rules a country, the feed, and rules on ports until there are 1,000. */
function bigFleet(codes: readonly string[]): Fleet {
  const sets: Record<string, SetNode> = { ipsum: list("ipsum.txt") };
  const rules: Rule[] = [drop("ipsum", { source: "ipsum" } as never)];
  for (const code of codes) {
    const source = setName(code);
    sets[source] = union(...countryFiles(code).map(list));
    rules.push(
      drop(`${code}-telnet`, { source, protocol: "tcp", destinationPort: TELNET } as never),
      pass(`${code}-dns`, { source, protocol: "udp", destinationPort: DNS } as never),
      drop(`${code}-ssdp`, { source, protocol: "udp", sourcePort: SSDP } as never),
      limit(`${code}-rest`, { source, protocol: 47 } as never, {
        rate: packetsPerSecond(1_000_000_000),
        burst: packets(1_000_000),
        key: by.rule(),
      }),
    );
  }
  for (let port = 20_000; rules.length < RULES; port += 10)
    rules.push(drop(`port-${port}`, { protocol: "udp", destinationPort: range(port, port + 8) } as never));
  return fleet(FLEET, {
    interfaces: ["eth0"],
    defaultVerdict: "pass",
    memoryBudgetMiB: 512,
    management: [],
    policies: [policy("p", { owners: ["test"], sets: sets as never, rules: rules as never })],
  });
}

const smallFleet = () =>
  fleet(FLEET, {
    interfaces: ["eth0"],
    defaultVerdict: "pass",
    management: [],
    policies: [policy("p", { owners: ["test"], rules: [drop("one", { source: "192.0.2.1" })] })],
  });

const text = (bits: 32 | 128, address: bigint): string =>
  bits === 32
    ? [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".")
    : Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(
        ":",
      );

function suite(): void {
  const codes = countryCodes();
  let bytes: Uint8Array;
  let bundle: Bundle;
  beforeAll(async () => {
    const begun = performance.now();
    bytes = await bundleOf(bigFleet(codes));
    bundle = readBundle(bytes);
    const { sections, witnesses } = bundle.manifest;
    console.log(
      `compiled in ${((performance.now() - begun) / 1000).toFixed(1)} s: ${bytes.length} bytes, ${witnesses.length} witnesses, ${sections.map(({ name, length }) => `${name} ${length}`).join(", ")}`,
    );
  });

  test("compiles to a bundle with every set and rule in it", () => {
    expect(bundle.manifest.rules).toHaveLength(RULES);
    expect(bundle.manifest.sets).toHaveLength(1 + codes.length);
    const ipsum = bundle.manifest.sets.find(({ name }) => name === "ipsum")!;
    // Its addresses, joined to prefixes: by Python's ipaddress.collapse_addresses().
    expect(ipsum).toMatchObject({ prefixes4: 95_644, prefixes6: 0 });
  });

  describe("in an agent", () => {
    let names: Namespaces;
    let folder: string;
    let agent: Agent;
    const pinPath = `/sys/fs/bpf/piston-test-${process.pid}-data`;
    const log: Record<string, unknown>[] = [];
    const note = (fields: object) => void log.push({ ...fields });
    const logger: Logger = { debug: note, info: note, warn: note, error: note, isLevelEnabled: () => false };
    beforeAll(async () => {
      names = createNamespaces("piston-test-data");
      enterNetworkNamespace(names.edge);
      folder = mkdtempSync(join(tmpdir(), "piston-test-data-"));
      writeFileSync(join(folder, "it.bundle"), await bundleOf(smallFleet()));
      const config = configOf({
        bundle: { path: join(folder, "it.bundle"), interfaces: ["eth0"], allowUnsigned: true, pinPath },
        listen: { metrics: "127.0.0.1:0", operations: "127.0.0.1:0" },
      });
      agent = await startAgent({ config, logger });
    });
    afterAll(async () => {
      await agent?.stop();
      detach(pinPath, FLEET);
      rmSync(pinPath, { recursive: true, force: true });
      if (folder) rmSync(folder, { recursive: true, force: true });
      names?.close();
    });

    test("is loaded, proven and swapped in, in the place of a small one", async () => {
      writeFileSync(join(folder, "it.bundle"), bytes);
      // The watcher may have been quicker.
      expect(["committed", "unchanged"]).toContain((await agent.syncRules()).result);
      expect(agent.health()).toMatchObject({ bundleDigest: bundle.digest, refused: null });
      await expect.poll(() => agent.health().status).toBe("ok");
      const committed = log.findLast(({ event }) => event === "generation-committed");
      console.log(
        `swapped: ${JSON.stringify(committed?.["durationMs"])} ms, ${String(committed?.["packetsProven"])} packets proven`,
      );
      expect(committed?.["packetsProven"]).toBeGreaterThanOrEqual(RULES);
    });
  });

  test("tells IPv4 addresses apart as the feed and the countries do, and no others: every address of many /16s", () => {
    const lists = [["ipsum.txt"], ...codes.map((code) => countryFiles(code))].map((names) => {
      const { first, last } = readRanges(
        32,
        names.map((name) => ({ name, owner: name })),
      );
      return first.map((at, i): Prefix => {
        const size = last[i]! - at + 1n;
        return { family: 4, first: at, last: last[i]!, length: 33 - size.toString(2).length };
      });
    });
    const { addresses, classes, wrong } = walkAddresses(lists);
    console.log(`${addresses} addresses, ${classes} classes`);
    expect(wrong).toEqual([]);
    expect(classes).toBeGreaterThan(100);
  });

  test.each([32, 128] as const)(
    "judges random and edge addresses of %i bits as the text files say",
    (bits) => {
      const random = new Random(SEED + bits);
      const feedRanges = readRanges(bits, [{ name: "ipsum.txt", owner: "ipsum" }]);
      const countryRanges = readRanges(
        bits,
        codes.flatMap((code) => countryFiles(code).map((name) => ({ name, owner: code }))),
      );
      const mask = (1n << BigInt(bits)) - 1n;
      const anywhere = () => {
        let value = 0n;
        for (let word = 0; word < bits / 32; word++) value = (value << 32n) | BigInt(random.bits());
        // IPv6 is dealt out in 2000::/3; elsewhere nothing would be hit.
        return bits === 128 && random.chance(0.9) ? (value & (mask >> 3n)) | (1n << 125n) : value;
      };
      const edge = () => {
        const ranges = feedRanges.first.length > 0 && random.chance(0.4) ? feedRanges : countryRanges;
        const at = random.below(ranges.first.length);
        return (
          random.pick([ranges.first[at]! - 1n, ranges.first[at]!, ranges.last[at]!, ranges.last[at]! + 1n]) &
          mask
        );
      };
      const inside = () => {
        const at = random.below(countryRanges.first.length);
        return (
          countryRanges.first[at]! + (anywhere() % (countryRanges.last[at]! - countryRanges.first[at]! + 1n))
        );
      };

      const steps = [];
      const expected: string[] = [];
      for (let i = 0; i < ADDRESSES / 2; i++) {
        const address = random.pick([anywhere, edge, edge, inside])();
        const source = text(bits, address);
        const ip =
          bits === 32
            ? { ipv4: { source, destination: "203.0.113.5" } }
            : { ipv6: { source, destination: "2001:db8::5" } };
        const kind = random.below(4);
        const layer4 = [
          { tcp: { sourcePort: 40_000, destinationPort: TELNET } },
          { udp: { sourcePort: 40_000, destinationPort: DNS } },
          { udp: { sourcePort: SSDP, destinationPort: 40_000 } },
          { protocol: 47 },
        ][kind]!;
        steps.push({ frame: buildPacket({ ...ip, ...layer4 }), atNs: 1_000_000_000n + BigInt(i) * 1000n });
        const country = ownerOf(countryRanges, address);
        const ending = ["telnet", "dns", "ssdp", null][kind]!;
        expected.push(
          ownerOf(feedRanges, address) !== null
            ? "drop p/ipsum rule"
            : country === null || ending === null
              ? "pass - default"
              : `${ending === "dns" ? "pass" : "drop"} p/${country}-${ending} rule`,
        );
      }

      const engine = createProofEngine(bundle, readProgramObject(FILTER_OBJECT));
      try {
        const ids = new Map(bundle.manifest.rules.map((rule) => [BigInt(`0x${rule.stableId}`), rule.id]));
        const wrong: string[] = [];
        for (const [i, { verdict, rule, reason }] of engine.runMany(steps).entries()) {
          const got = `${verdict} ${rule === 0n ? "-" : ids.get(rule)} ${reason}`;
          if (got !== expected[i])
            wrong.push(`${Buffer.from(steps[i]!.frame).toString("hex")}: ${got}, not ${expected[i]}`);
        }
        expect(wrong.slice(0, 10)).toEqual([]);
        // All kinds of answers were asked for.
        const count = (word: string) => expected.filter((one) => one.includes(word)).length;
        for (const word of ["telnet", "dns", "ssdp", "default"]) expect(count(word)).toBeGreaterThan(1000);
        if (bits === 32) expect(count("ipsum")).toBeGreaterThan(1000);
      } finally {
        engine.close();
      }
    },
  );
}

if (dataSkipReason === null) describeKernel("real lists", suite);
else {
  console.error(`skipping tests with real lists: ${dataSkipReason}`);
  describe.skip("real lists", () => test("need the lists", () => {}));
}
