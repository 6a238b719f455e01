// Sets to a loaded XDP program with one drop rule a set, by source; and addresses to the set that decides for each.

import { INSTANCE, PROOF, RODATA } from "../../src/bundle/abi.ts";
import { fleetOf, ruleOf } from "../../src/compiler/tables/fleet-fixture.ts";
import { buildTables, stableId } from "../../src/compiler/tables/index.ts";
import type { AddressSet } from "../../src/ir/address-set.ts";
import type { Family } from "../../src/ir/prefix.ts";
import { udp } from "../../src/packet/helpers.ts";
import { BpfMap, BpfObject, MAP_FLAGS } from "../../src/runtime/bpf/index.ts";
import { slotsImage } from "../../src/runtime/kernel/counters.ts";
import { bindTables } from "../../src/runtime/kernel/instance.ts";
import { OBJECT_PATH } from "./harness.ts";

/** An object over the tables of rules that drop source sets, rule i set i. */
export interface SourceRules {
  readonly object: BpfObject;
  /** Of the bundle that would hold the tables. */
  readonly sections: readonly string[];
  /** The rule's position, by its stable id. */
  readonly positions: ReadonlyMap<bigint, number>;
  [Symbol.dispose](): void;
}

/** `path`: an object file with the XDP program in it. */
export function loadSourceRules(path: string, sets: readonly AddressSet[]): SourceRules {
  const fleet = fleetOf(sets.map((source, i) => ruleOf(`p/r${i}`, { source })));
  const { sections } = buildTables(fleet);
  const positions = new Map(fleet.rules.map((rule, i) => [BigInt(`0x${stableId(fleet, rule)}`), i]));
  const object = BpfObject.open(path, "addresses");
  const rodata = new Uint8Array(RODATA.bytes);
  rodata.set(sections.get("config")!.bytes);
  new DataView(rodata.buffer).setUint32(RODATA.instance + INSTANCE.proof, 1, true);
  const maps = new Map<string, BpfMap>();
  const close = () => {
    for (const map of maps.values()) map.close();
    object.close();
  };
  try {
    // A rule is read by its slot; which one that is does not matter here.
    const slots = slotsImage(
      sections.get("rules")!.bytes,
      fleet.rules.map((_, i) => i),
    );
    for (const [name, { bytes }] of [...sections, [slots.name, slots] as const]) {
      if (name === "config") continue;
      const flags = MAP_FLAGS.mmapable;
      const map = BpfMap.create({
        type: "array",
        name: name.slice(0, 15),
        keyBytes: 4,
        valueBytes: bytes.length,
        maxEntries: 1,
        flags,
      });
      maps.set(name, map);
      map.writeImage(bytes);
    }
    bindTables(object, maps, rodata);
    object.load();
  } catch (error) {
    close();
    throw error;
  }
  return { object, sections: [...sections.keys()], positions, [Symbol.dispose]: close };
}

/** The rule that decides is the first whose set has the address. Its position, -1 for none. */
export function decideSources(sets: readonly AddressSet[], family: Family, addresses: readonly bigint[]) {
  using rules = loadSourceRules(OBJECT_PATH, sets);
  const program = rules.object.program("piston_filter");
  // One packet with another source each time: the filter reads no checksum.
  const template =
    family === 4
      ? udp({ from: "192.0.2.1:4000", to: "203.0.113.5:53" })
      : udp({ from: "[2001:db8::1]:4000", to: "[2001:db8::5]:53" });
  const [sourceAt, digits] = family === 4 ? [14 + 12, 8] : [14 + 8, 32];
  const packets = addresses.map((address) => {
    const packet = Buffer.from(template);
    packet.write(address.toString(16).padStart(digits, "0"), sourceAt, "hex");
    return packet;
  });
  const offsets = Uint32Array.from([0, ...packets].map((_, i) => i * packets[0]!.length));
  const metadata = new Uint8Array(PROOF.bytes * packets.length);
  program.testRunMany(Buffer.concat(packets), offsets, metadata);
  program.close();
  const view = new DataView(metadata.buffer);
  const found = packets.map(
    (_, i) => rules.positions.get(view.getBigUint64(PROOF.bytes * i + PROOF.ruleId, true)) ?? -1,
  );
  return { found, sections: rules.sections };
}
