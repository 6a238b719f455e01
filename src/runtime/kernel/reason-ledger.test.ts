import { describe, expect, it } from "vitest";
import {
  type Count,
  decodeLedger,
  encodeLedger,
  freshLedger,
  LEDGER_BYTES,
  passedOf,
  settle,
} from "./reason-ledger.ts";

const count = (packets: number): Count => ({ packets, bytes: 64 * packets });
const counts = (first: number): Count[] => [count(first), count(5)];

describe("the ledger of reasons", () => {
  it("takes all packets of a reason for passed, or none, while its verdict never changed", () => {
    expect(passedOf(freshLedger(1n), 0, count(10))).toEqual(count(10));
    expect(passedOf(freshLedger(0n), 0, count(10))).toEqual(count(0));
  });

  it("keeps what was passed and what was dropped over changes of the verdict", () => {
    const dropping = settle(freshLedger(1n), counts(10), 0n); // 10 passed
    expect(passedOf(dropping, 0, count(17))).toEqual(count(10)); // 7 dropped
    const passing = settle(dropping, counts(17), 1n);
    expect(passedOf(passing, 0, count(20))).toEqual(count(13)); // 3 more passed
    expect(passedOf(settle(passing, counts(20), 0n), 0, count(99))).toEqual(count(13));
  });

  it("leaves reasons alone whose verdict stays", () => {
    const before = freshLedger(0b11n);
    const after = settle(before, counts(10), 0b10n);
    expect(after.lines[1]).toEqual(before.lines[1]);
    expect(passedOf(after, 1, count(8))).toEqual(count(8));
  });

  it("reads what it wrote, and takes a map that was never written for none", () => {
    const ledger = settle(freshLedger(1n << 63n), counts(2 ** 45), 1n);
    expect(decodeLedger(encodeLedger(ledger))).toEqual(ledger);
    expect(decodeLedger(new Uint8Array(LEDGER_BYTES))).toBeNull();
  });
});
