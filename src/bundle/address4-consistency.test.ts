// Blocks of IPv4 as a compiler would not make them: each is one that is right, and one thing changed.

import { describe, expect, test } from "vitest";
import { type SectionName } from "./abi.ts";
import { checkBlocks4 } from "./address4-consistency.ts";
import { BundleError } from "./bundle-error.ts";

const REGIONS = 1024;
/** 128 pilots, 128 buckets of four slots of 16 bits. */
const REGION_BYTES = 128 + 128 * 8;
const LABELLED_BYTES = 128 + 128 * 16;

interface Change {
  readonly table?: Partial<Record<"regions" | "small" | "classMask" | "classIndex", number>>;
  readonly bytes?: number;
  readonly write?: (image: Uint8Array) => void;
  readonly isRestUniform?: boolean;
}

function check({ table = {}, bytes = 0, write, isRestUniform = true }: Change, labelled: boolean) {
  const image = new Uint8Array(REGIONS * (labelled ? LABELLED_BYTES : REGION_BYTES) + bytes);
  write?.(image);
  const right = {
    regions: REGIONS,
    small: 0,
    classMask: labelled ? 0xffff : 0,
    classIndex: labelled ? 0 : 7,
  };
  const images = new Map<SectionName, Uint8Array>([["source4_blocks", image]]);
  return checkBlocks4("source4_blocks", { ...right, ...table }, isRestUniform, images);
}

describe("blocks", () => {
  test("have the classes that their slots may be of, and say whether ranges are asked", () => {
    expect(check({}, false)).toEqual({ classes: 8, sections: ["source4_blocks"], hasRanges: false });
    const lastPilot = (REGIONS - 1) * REGION_BYTES + 127;
    const flagged = (image: Uint8Array) => (image[lastPilot] = 128);
    expect(check({ write: flagged }, false).hasRanges).toBe(true);
    const lastPlainPilot = (image: Uint8Array) => (image[lastPilot] = 127);
    expect(check({ write: lastPlainPilot, isRestUniform: false }, false).hasRanges).toBe(false);
    // The last label of the last bucket.
    const label = (image: Uint8Array) => image.set([0x34, 0x12], REGIONS * LABELLED_BYTES - 2);
    expect(check({ write: label }, true).classes).toBe(0x1235);
    // What stands before the labels is no class.
    const slot = (image: Uint8Array) => image.set([0xff, 0xff], 128 + 6);
    expect(check({ write: slot }, true).classes).toBe(1);
  });

  const cases: readonly (readonly [what: string, labelled: boolean, change: Change, message: string])[] = [
    [
      "a region less than tell addresses apart",
      false,
      { table: { regions: REGIONS - 1 } },
      "section config: source4_blocks: 1023 regions do not tell addresses apart",
    ],
    [
      "a class and no regions",
      false,
      { table: { regions: 0 } },
      "section config: source4_blocks: there is no table, and something is said of it",
    ],
    [
      "blocks of a third size",
      false,
      { table: { small: 2 } },
      "section config: source4_blocks: its blocks are neither small nor not",
    ],
    [
      "classes that are not the low bits",
      true,
      { table: { classMask: 0xff0f } },
      "section config: source4_blocks: the classes of labels are not their low bits",
    ],
    [
      "classes of 17 bits",
      true,
      { table: { classMask: 0x1ffff } },
      "section config: source4_blocks: the classes of labels are not their low bits",
    ],
    [
      "labels and one class",
      true,
      { table: { classIndex: 1 } },
      "section config: source4_blocks: it has labels, and one class",
    ],
    [
      "a region more than there is",
      false,
      { table: { regions: REGIONS + 1 } },
      "section source4_blocks: 1179648 bytes; 1025 regions take",
    ],
    [
      "a byte more than its regions",
      false,
      { bytes: 1 },
      "section source4_blocks: 1179649 bytes; 1024 regions take",
    ],
    [
      "labels that are not there",
      false,
      { table: { classMask: 0xffff, classIndex: 0 } },
      "section source4_blocks: 1179648 bytes; 1024 regions take",
    ],
    [
      "a pilot that leads to ranges, where all that has no slot does",
      false,
      { isRestUniform: false, write: (image) => (image[5] = 200) },
      "section source4_blocks: a pilot leads to ranges, where all that has no slot does",
    ],
  ];
  test.each(cases)("with %s are refused", (_, labelled, change, message) => {
    let thrown: unknown;
    try {
      check(change, labelled);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(BundleError);
    expect(thrown).toMatchObject({ code: "inconsistent", message: expect.stringContaining(message) });
  });

  test("that are not there have no class", () => {
    const none = { regions: 0, small: 0, classMask: 0, classIndex: 0 };
    expect(checkBlocks4("source4_blocks", none, false, new Map())).toEqual({
      classes: 0,
      sections: [],
      hasRanges: false,
    });
    expect(() => checkBlocks4("source4_blocks", { ...none, regions: REGIONS }, false, new Map())).toThrow(
      "it is missing",
    );
  });
});
