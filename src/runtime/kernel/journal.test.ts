import { describe, expect, it } from "vitest";
import {
  abandoned,
  committed,
  decodeJournal,
  EMPTY_JOURNAL,
  encodeJournal,
  type GenerationKey,
  generationName,
  JOURNAL_BYTES,
} from "./journal.ts";

const a: GenerationKey = { bundle: "aa".repeat(32), object: "01020304" };
const b: GenerationKey = { bundle: "bb".repeat(32), object: "01020304" };

describe("the journal", () => {
  it("reads what it wrote, each field absent and present", () => {
    const full = {
      sequence: 2n ** 64n - 1n,
      committedAtMs: 1_700_000_000_123,
      current: a,
      previous: b,
      target: a,
      held: b.bundle,
    };
    for (const journal of [
      full,
      { ...full, current: null, target: null },
      { ...full, previous: null, held: null },
    ])
      expect(decodeJournal(encodeJournal(journal))).toEqual(journal);
  });

  it("takes a map that was never written for the empty journal", () => {
    expect(decodeJournal(new Uint8Array(JOURNAL_BYTES))).toEqual(EMPTY_JOURNAL);
  });

  it("does not read a journal of a later version", () => {
    const bytes = encodeJournal(EMPTY_JOURNAL);
    bytes[0] = 2;
    expect(decodeJournal(bytes)).toBeNull();
  });

  it("has the layout that the file's head says, byte by byte", () => {
    const bytes = encodeJournal({
      sequence: 0x0102n,
      committedAtMs: 0,
      current: a,
      previous: null,
      target: null,
      held: b.bundle,
    });
    expect(bytes.length).toBe(256);
    expect([...bytes.subarray(0, 10)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 2, 1]);
    expect([...bytes.subarray(24 + 30, 24 + 40)]).toEqual([0xaa, 0xaa, 1, 2, 3, 4, 1, 0, 0, 0]);
    expect([...bytes.subarray(144 + 31, 144 + 36)]).toEqual([0xbb, 1, 0, 0, 0]);
  });

  it("keeps the generation that was left as the previous one, so that a roll-back can be rolled back", () => {
    const first = committed({ ...EMPTY_JOURNAL, target: a }, a, 1);
    expect(first).toMatchObject({ sequence: 1n, current: a, previous: null, target: null });
    const second = committed(first, b, 2);
    expect(second).toMatchObject({ sequence: 2n, current: b, previous: a, committedAtMs: 2 });
    expect(committed(second, a, 3)).toMatchObject({ current: a, previous: b });
  });

  it("does not make a generation its own previous one", () => {
    const journal = committed(committed(EMPTY_JOURNAL, a, 1), b, 2);
    expect(committed(journal, b, 3)).toMatchObject({ current: b, previous: a });
  });

  it("holds nothing for a roll-back that was given up, and goes on holding for an earlier one", () => {
    const journal = committed(committed(EMPTY_JOURNAL, a, 1), b, 2);
    expect(abandoned({ ...journal, target: a, held: b.bundle })).toMatchObject({ target: null, held: null });
    expect(abandoned({ ...journal, target: a, held: a.bundle })).toMatchObject({
      target: null,
      held: a.bundle,
    });
  });

  it("names a generation by bundle and object", () => {
    expect(generationName(a)).toBe("aaaaaaaaaaaa-01020304");
  });
});
