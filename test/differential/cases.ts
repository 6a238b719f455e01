// What the fuzzer found, as files that are replayed for ever: a fleet as the vocabulary records it, and packets with
// their times. One JSON file for a case, named after its fault where a person has read it.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "../../src/bundle/index.ts";
import type { Fleet } from "../../src/policy/types.ts";
import type { Sequence } from "./shrink.ts";
import { isPacket, type Step } from "./step.ts";

export const CASES = fileURLToPath(new URL("cases", import.meta.url));

interface CaseFile {
  /** What the fault was, in a sentence. */
  readonly about: string;
  readonly fleet: Fleet;
  readonly steps: readonly /** `zeros`: so many follow the bytes in base64. */
  (
    | { readonly packet: string; readonly zeros?: number; readonly atNs: string }
    | { readonly block: string; readonly untilNs: string }
    | { readonly unblock: string }
  )[];
}

/** The file's path. */
export function storeCase(about: string, { fleet, steps }: Sequence, directory = CASES): string {
  const file: CaseFile = {
    about,
    fleet,
    steps: steps.map((step) => {
      if (isPacket(step)) {
        const { frame, atNs } = step;
        const zeros = frame.length - 1 - frame.findLastIndex((byte) => byte !== 0);
        const packet = Buffer.from(frame.subarray(0, frame.length - zeros)).toString("base64");
        return { packet, atNs: String(atNs), ...(zeros === 0 ? {} : { zeros }) };
      }
      const { source, blockUntilNs } = step;
      return blockUntilNs === null ? { unblock: source } : { block: source, untilNs: String(blockUntilNs) };
    }),
  };
  const text = `${JSON.stringify(file, null, 2)}\n`;
  const path = join(directory, `found-${sha256Hex(Buffer.from(text)).slice(0, 8)}.json`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(path, text);
  return path;
}

export function caseNames(): string[] {
  if (!existsSync(CASES)) return [];
  return readdirSync(CASES)
    .filter((name) => name.endsWith(".json"))
    .sort();
}

export function readCase(name: string): Sequence & { readonly about: string } {
  const { about, fleet, steps } = JSON.parse(readFileSync(join(CASES, name), "utf8")) as CaseFile;
  return {
    about,
    fleet,
    steps: steps.map((step): Step => {
      if ("packet" in step) {
        const bytes = Buffer.from(step.packet, "base64");
        const frame = new Uint8Array(bytes.length + (step.zeros ?? 0));
        frame.set(bytes);
        return { frame, atNs: BigInt(step.atNs) };
      }
      if ("block" in step) return { source: step.block, blockUntilNs: BigInt(step.untilNs) };
      return { source: step.unblock, blockUntilNs: null };
    }),
  };
}
