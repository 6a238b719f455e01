// The agent's journal: which generation serves, which one can be rolled back to, and which one is being put in charge.
// A 1-entry array map pinned in the state directory; the kernel copies the whole value in one update, so a reader after
// a crash sees the journal before or after a step, never between.
//
// Layout, little-endian:
//   0 u32 version (0: never written)   4 u32 zero   8 u64 sequence   16 u64 time of the last commit, ms since 1970
//   24, 64, 104 current, previous, target: u8[32] bundle digest, u8[4] first bytes of the object's SHA-256, u32 present
//   144 held: u8[32] bundle digest, u32 present, u32 zero
//   184 zero to 256

import assert from "node:assert/strict";

export const JOURNAL_BYTES = 256;
const VERSION = 1;

/** A bundle loaded with one build of the XDP program: what a pinned generation is. */
export interface GenerationKey {
  /** SHA-256 of the bundle, 64 hex digits. */
  readonly bundle: string;
  /** First 8 hex digits of the SHA-256 of the XDP object file. An agent with a newer program loads the bundle anew. */
  readonly object: string;
}

export interface Journal {
  readonly sequence: bigint;
  /** Milliseconds since 1970; 0 before the first commit. */
  readonly committedAtMs: number;
  readonly current: GenerationKey | null;
  readonly previous: GenerationKey | null;
  /** Set while links are being moved to it. */
  readonly target: GenerationKey | null;
  /** A bundle that was rolled back from: not loaded again until the bundle path has shown another. 64 hex digits. */
  readonly held: string | null;
}

export const EMPTY_JOURNAL: Journal = Object.freeze({
  sequence: 0n,
  committedAtMs: 0,
  current: null,
  previous: null,
  target: null,
  held: null,
});

const OFFSET = {
  version: 0,
  sequence: 8,
  committedAtMs: 16,
  current: 24,
  previous: 64,
  target: 104,
  held: 144,
} as const;

/** `<12 hex of the bundle>-<8 hex of the object>`: the name of a pinned generation. */
export function generationName(key: GenerationKey): string {
  return `${key.bundle.slice(0, 12)}-${key.object}`;
}

export function sameGeneration(a: GenerationKey | null, b: GenerationKey | null): boolean {
  return a === b || (a !== null && b !== null && a.bundle === b.bundle && a.object === b.object);
}

export function encodeJournal(journal: Journal): Uint8Array {
  const bytes = Buffer.alloc(JOURNAL_BYTES);
  bytes.writeUInt32LE(VERSION, OFFSET.version);
  bytes.writeBigUInt64LE(journal.sequence, OFFSET.sequence);
  bytes.writeBigUInt64LE(BigInt(journal.committedAtMs), OFFSET.committedAtMs);
  for (const name of ["current", "previous", "target"] as const) {
    const key = journal[name];
    if (!key) continue;
    writeHex(bytes, OFFSET[name], key.bundle, 32);
    writeHex(bytes, OFFSET[name] + 32, key.object, 4);
    bytes.writeUInt32LE(1, OFFSET[name] + 36);
  }
  if (journal.held !== null) {
    writeHex(bytes, OFFSET.held, journal.held, 32);
    bytes.writeUInt32LE(1, OFFSET.held + 32);
  }
  return bytes;
}

/** null where the value is not a journal of this version. */
export function decodeJournal(value: Uint8Array): Journal | null {
  assert.equal(value.length, JOURNAL_BYTES, "the journal map has values of another size");
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const version = bytes.readUInt32LE(OFFSET.version);
  if (version === 0) return EMPTY_JOURNAL;
  if (version !== VERSION) return null;
  const key = (offset: number): GenerationKey | null =>
    bytes.readUInt32LE(offset + 36) === 0
      ? null
      : {
          bundle: bytes.toString("hex", offset, offset + 32),
          object: bytes.toString("hex", offset + 32, offset + 36),
        };
  return {
    sequence: bytes.readBigUInt64LE(OFFSET.sequence),
    committedAtMs: Number(bytes.readBigUInt64LE(OFFSET.committedAtMs)),
    current: key(OFFSET.current),
    previous: key(OFFSET.previous),
    target: key(OFFSET.target),
    held:
      bytes.readUInt32LE(OFFSET.held + 32) === 0
        ? null
        : bytes.toString("hex", OFFSET.held, OFFSET.held + 32),
  };
}

/** The journal once every link is on the target: also what a roll-back is, where the target was the previous one. */
export function committed(journal: Journal, target: GenerationKey, nowMs: number): Journal {
  return {
    ...journal,
    sequence: journal.sequence + 1n,
    committedAtMs: nowMs,
    current: target,
    previous: sameGeneration(journal.current, target) ? journal.previous : journal.current,
    target: null,
  };
}

/** The journal where the target was given up. A roll-back that never happened holds nothing. */
export function abandoned(journal: Journal): Journal {
  const rollback = journal.held !== null && journal.held === journal.current?.bundle;
  return { ...journal, target: null, held: rollback ? null : journal.held };
}

function writeHex(bytes: Buffer, offset: number, hex: string, length: number): void {
  assert.match(hex, new RegExp(`^[0-9a-f]{${2 * length}}$`));
  bytes.write(hex, offset, length, "hex");
}
