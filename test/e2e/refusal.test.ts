// Bundles with one byte changed, and bundles cut short, published to a running agent under traffic.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bundle, readBundle } from "../../src/bundle/format.ts";
import { generateKeys, signBundle } from "../../src/bundle/sign.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import type { Refusal } from "../../src/runtime/observe/health.ts";
import { bundleOf } from "../support/compile.ts";
import { describeKernel } from "../support/kernel.ts";
import { missing, NumberedTraffic, SENT_LEAST, type TrafficAccount } from "../support/traffic.ts";
import { FLEET_NAME, firstFleet, KINDS, secondFleet } from "../support/two-policies.ts";

const FLIPS = 2_000;
const CUTS = 80;

/** Which part of the file a byte belongs to, by the layout in docs/BUNDLE.md. */
function partAt({ bytes, manifest }: Bundle, position: number): string {
  if (position < 128) return "header";
  const manifestBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(24, true));
  if (position < 128 + manifestBytes) return "manifest";
  let part = "padding after manifest";
  for (const { name, offset, length } of manifest.sections) {
    if (position >= offset) part = `section ${name}`;
    if (position >= offset + length) part = `padding after section ${name}`;
  }
  return part;
}

describeKernel("a bundle that is not whole", () => {
  let node: LabNode;
  let good: Uint8Array;
  let target: Uint8Array;
  let signature: string;
  let account: TrafficAccount;
  const flips: { position: number; refused: Refusal | null }[] = [];
  const cuts: { length: number; refused: Refusal | null }[] = [];
  let generation: unknown;

  /** Publishes, has the agent look, and gives what it says of it: null where it did not refuse. */
  async function publish(bundle: Uint8Array): Promise<Refusal | null> {
    node.publishFiles(bundle, signature);
    const { body } = await node.agent.operation("POST", "/internal/sync-rules");
    return (JSON.parse(body) as { refused: Refusal | null }).refused;
  }

  beforeAll(async () => {
    good = await bundleOf(firstFleet);
    target = await bundleOf(secondFleet);
    signature = signBundle(readBundle(target), generateKeys().privateKeyPem);
    node = new LabNode("piston-test-refusal", FLEET_NAME);
    node.publish(good);
    await node.startAgent().event("generation-committed");
    const traffic = new NumberedTraffic(node);

    // Every byte of the header, then the rest evenly, so that each part has its share; the last byte too.
    const rest = FLIPS - 128;
    const positions = [
      ...Array(128).keys(),
      ...Array.from({ length: rest }, (_, i) => 128 + Math.floor((i * (target.length - 128)) / rest)),
      target.length - 1,
    ];
    for (const position of positions) {
      const broken = target.slice();
      broken[position]! ^= 1 << (position % 8);
      flips.push({ position, refused: await publish(broken) });
    }
    for (let i = 0; i < CUTS; i++) {
      const length = i < CUTS / 2 ? i * 7 : Math.floor((i * target.length) / CUTS);
      cuts.push({ length, refused: await publish(target.subarray(0, length)) });
    }
    while (traffic.sentOfEach <= SENT_LEAST) await publish(target.subarray(0, -1));
    generation = (await node.agent.health()).generation;
    account = await traffic.stop();
  });

  afterAll(async () => {
    await node?.close();
  });

  it(`is refused for each of ${FLIPS} changed bytes, and the part is named`, () => {
    expect(flips.length).toBeGreaterThan(FLIPS);
    const whole = readBundle(target);
    for (const { position, refused } of flips) {
      expect(refused, `byte ${position}`).not.toBeNull();
      const part = partAt(whole, position);
      expect(refused!.part, `byte ${position}`).toBe(part);
      expect(refused!.message, `byte ${position}`).toContain(part);
    }
  });

  it(`is refused for each of ${CUTS} lengths that it is cut to`, () => {
    for (const { length, refused } of cuts) {
      expect(refused, `length ${length}`).not.toBeNull();
      expect(refused!.part, `length ${length}`).toEqual(expect.any(String));
    }
  });

  it("is refused in the log too, with what to do", () => {
    const lines = node.agent.log.filter((line) => line.event === "bundle-refused");
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(line).toMatchObject({ part: expect.any(String), help: expect.any(String) });
  });

  it("is refused whole where nobody who is trusted signed it", async () => {
    const refused = await publish(target);
    expect(refused).toMatchObject({ part: "signature" });
  });

  it("changes nothing: the old generation serves, and traffic goes on", () => {
    expect(generation).toBe(readBundle(good).generation);
    for (const [kind, { expected }] of KINDS.entries()) {
      expect(account.sent[kind]).toBeGreaterThan(SENT_LEAST);
      const passes = expected === "both pass" || expected === "only first passes";
      expect(passes ? missing(account, kind) : account.arrived[kind]!.size).toBe(0);
    }
  });
});

describe("partAt", () => {
  it("finds the first byte of a section and the last of the file", async () => {
    const bundle = readBundle(await bundleOf(firstFleet));
    const [config] = bundle.manifest.sections;
    expect(partAt(bundle, config!.offset)).toBe("section config");
    expect(partAt(bundle, config!.offset - 1)).not.toBe("section config");
  });
});
