// Exact tables of IPv6 as a compiler would not make them: each is one that is right, and one thing changed. The bytes are
// those of bpf/shared.h, written by hand.

import { describe, expect, test } from "vitest";
import type { SectionName } from "./abi.ts";
import { checkHosts6, checkNets6 } from "./address6-consistency.ts";
import { BundleError } from "./bundle-error.ts";

const PILOTS = 64;
const LINE = 64;
const HOSTS: SectionName = "source6_hosts";
const NETS: SectionName = "source6_nets";

function tableOf(change: (bucket: DataView) => void) {
  const image = new Uint8Array(PILOTS + 256 * LINE);
  change(new DataView(image.buffer, PILOTS + 255 * LINE, LINE)); // the last one
  return image;
}
const table = { buckets: 256, pilots: PILOTS, pilotMask: PILOTS - 1, keyShift: 0 };

function faultOf(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    if (error instanceof BundleError && error.code === "inconsistent") return error.part;
    throw error;
  }
  return "taken";
}

/** Slot 6: a /48 from 0x1000 << 39 on, of class 4. Slot 7: the /64 behind it, of class 0, with hosts. */
function rightNets(bucket: DataView) {
  bucket.setUint8(6, 5);
  bucket.setUint8(7, 1);
  bucket.setBigUint64(8 * 6, (0x1000n << 39n) | 23n, true);
  bucket.setBigUint64(8 * 7, (0x1000n << 39n) + (1n << 23n) + (64n | 7n), true);
}
const nets = (change: (bucket: DataView) => void, more: Partial<typeof table> = {}, hasMarks = true) =>
  checkNets6(
    NETS,
    { ...table, ...more },
    hasMarks,
    new Map([
      [
        NETS,
        tableOf((bucket) => {
          rightNets(bucket);
          change(bucket);
        }),
      ],
    ]),
  );
const word = (slot: number, value: bigint) => (bucket: DataView) =>
  bucket.setBigUint64(8 * slot, value, true);
const code = (slot: number, value: number) => (bucket: DataView) => bucket.setUint8(slot, value);
const END = (0x1000n << 39n) + (1n << 23n);

describe("nets", () => {
  test("that are right give the greatest class plus one", () => {
    expect(nets(() => {})).toEqual({ classes: 5, sections: [NETS] });
  });

  test("that are not there take nothing", () => {
    const none = { buckets: 0, pilots: 0, pilotMask: 0, keyShift: 0 };
    expect(checkNets6(NETS, none, false, new Map())).toEqual({ classes: 0, sections: [] });
  });

  test.each([
    ["begins in the one before", word(7, END - (1n << 7n) + 7n)],
    [
      "begins in the one before, which ends at 2^32",
      (bucket: DataView) => {
        word(6, (0x1000n << 39n) + 0xff80_0000n + 23n)(bucket);
        word(7, (0x1000n << 39n) + 0xff80_0080n + 7n)(bucket);
      },
    ],
    ["begins above the prefix", word(6, (0x1000n << 39n) + 128n + 23n)],
    ["begins above its prefix, and is the last", word(7, END + (1n << 7n) + 8n)],
    ["ascends not", word(7, (0x800n << 39n) + 7n)],
    ["is shifted too little", word(7, END + 6n)],
    ["is shifted too much", word(7, (1n << 62n) + 40n)],
    ["has the highest bit", word(7, (1n << 63n) + 7n)],
    ["has hosts, and is no /64", word(7, (1n << 62n) + 64n + 8n)],
    ["is free, and has a class", code(5, 1)],
    ["has neither class nor hosts", code(6, 0)],
    [
      "is free, behind one that is not",
      (bucket: DataView) => {
        word(7, 0n)(bucket);
        code(7, 0)(bucket);
      },
    ],
    ["is the codes, and has one", code(0, 1)],
  ])("of which a slot %s are refused", (_, change) => {
    expect(faultOf(() => nets(change))).toBe(`section ${NETS}`);
  });

  test("that have no class of their own may have hosts", () => {
    expect(nets(code(7, 0)).classes).toBe(5);
  });

  test("the greatest shift is that of a /32", () => {
    expect(nets(word(7, (1n << 62n) + 39n)).classes).toBe(5);
  });

  test("of which none may have hosts have none", () => {
    expect(faultOf(() => nets(() => {}, {}, false))).toBe(`section ${NETS}`);
  });

  test.each([
    ["255 buckets", { buckets: 255 }, "section config"],
    ["2^21 buckets and one", { buckets: 2 ** 21 + 1 }, "section config"],
    ["257 buckets", { buckets: 257 }, `section ${NETS}`],
    ["128 pilots, chosen by 6 bits", { pilots: 128 }, "section config"],
    ["96 pilots", { pilots: 96, pilotMask: 95 }, "section config"],
    ["32 pilots", { pilots: 32, pilotMask: 31 }, "section config"],
    ["2^25 pilots", { pilots: 2 ** 25, pilotMask: 2 ** 25 - 1 }, "section config"],
    ["a key of 31 bits", { keyShift: 33 }, "section config"],
    ["pilots and no buckets", { buckets: 0 }, "section config"],
  ])("with %s are refused", (_, more, part) => {
    expect(faultOf(() => nets(() => {}, more))).toBe(part);
  });
});

describe("hosts", () => {
  function rightHosts(bucket: DataView) {
    bucket.setBigUint64(0, (0xabcdn << 8n) | 3n, true);
    bucket.setBigUint64(8, 1n, true);
    bucket.setBigUint64(16, (0xabcdn << 8n) | 2n, true);
    bucket.setBigUint64(24, 2n, true);
  }
  const hosts = (change: (bucket: DataView) => void, keyShift = 64, hasNets = true) =>
    checkHosts6(
      HOSTS,
      { ...table, keyShift },
      hasNets,
      new Map([
        [
          HOSTS,
          tableOf((bucket) => {
            rightHosts(bucket);
            change(bucket);
          }),
        ],
      ]),
    );

  test("that are right give the greatest class plus one", () => {
    expect(hosts(() => {})).toEqual({ classes: 3, sections: [HOSTS] });
    expect(hosts(() => {}, 0, false).classes).toBe(3);
  });

  test.each([
    ["one address twice", word(3, 1n)],
    ["no class", word(0, 0xabcdn << 8n)],
  ])("with %s are refused", (_, change) => {
    expect(faultOf(() => hosts(change))).toBe(`section ${HOSTS}`);
  });

  test.each([
    ["that nets mark, and there are none", 64, false],
    ["of an unknown mark", 63, true],
  ])("%s are refused", (_, keyShift, hasNets) => {
    expect(faultOf(() => hosts(() => {}, keyShift, hasNets))).toBe("section config");
  });
});
