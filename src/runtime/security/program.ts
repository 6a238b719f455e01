// The XDP object before the kernel sees it: the one that this agent was built with, and of the shape that it must have.

import { sha256Hex } from "../../bundle/digest.ts";
import { BpfObject, type ObjectMap, possibleCpus } from "../bpf/index.ts";
import { messageOf } from "../errors.ts";
import { error, type Finding, ok, warning } from "./finding.ts";

/** Of the bytecode; 8 bytes are an instruction. */
const BYTECODE_MAX = 1024 * 1024;
const OBJECT_MAX = 4 * 1024 * 1024;
const INSTRUCTION_BYTES = 8;
const PROGRAM_TYPES: ReadonlySet<string> = new Set(["xdp"]);
const MAP_TYPES: ReadonlySet<string> = new Set(["array", "percpu_array", "hash", "lru_hash", "ringbuf"]);

export interface ProgramRules {
  /** SHA-256, hex, of the object that the build had; null in a checkout, where every machine builds its own. */
  readonly pinned: string | null;
  readonly allowOther: boolean;
  readonly memoryLimitBytes: number;
}

export function judgeProgram(elf: Uint8Array, rules: ProgramRules): Finding {
  const digest = sha256Hex(elf);
  if (rules.pinned !== null && digest !== rules.pinned && !rules.allowOther) {
    return error(
      "program",
      `the XDP object's SHA-256 is ${digest}, and this agent was built with ${rules.pinned}`,
      "install the agent anew, whole; or say in plain words that another program may run: security.allowOtherProgram",
    );
  }
  const fault = shapeFault(elf, rules.memoryLimitBytes);
  if (fault !== null)
    return error(
      "program",
      `the XDP object ${fault}`,
      "install the agent anew, whole: this is not its object",
    );
  if (rules.pinned === null && !rules.allowOther) {
    return warning(
      "program",
      `the XDP object's digest is not pinned: this agent runs from a checkout (sha256:${digest.slice(0, 12)}…)`,
      "run what `npm run build` makes, which has the digest; or set security.allowOtherProgram",
    );
  }
  const by = digest === rules.pinned ? "the one of the build" : "allowed by security.allowOtherProgram";
  return ok("program", `XDP object sha256:${digest.slice(0, 12)}…, ${by}`);
}

/** What is wrong with it, to go after "the XDP object"; null where nothing is. */
function shapeFault(elf: Uint8Array, memoryLimitBytes: number): string | null {
  if (elf.length > OBJECT_MAX) return `has ${elf.length} bytes, more than ${OBJECT_MAX}`;
  let object: BpfObject;
  try {
    object = BpfObject.open(elf, "piston");
  } catch (reason) {
    return `cannot be parsed: ${messageOf(reason).split("\n")[0]}`;
  }
  using _ = object;
  const programs = object.programs();
  if (programs.length === 0) return "has no program";
  for (const { name, type, instructions } of programs) {
    if (!PROGRAM_TYPES.has(type)) return `has a program of type ${type}, ${name}`;
    if (instructions * INSTRUCTION_BYTES >= BYTECODE_MAX)
      return `has ${instructions * INSTRUCTION_BYTES} bytes of code in ${name}; fewer than ${BYTECODE_MAX} are allowed`;
  }
  for (const { name, type } of object.maps())
    if (!MAP_TYPES.has(type)) return `has a map of type ${type}, ${name}`;
  const bytes = programMapBytes(object.maps(), possibleCpus());
  if (bytes > memoryLimitBytes)
    return `asks for ${bytes} bytes of maps, more than security.memoryLimitBytes, ${memoryLimitBytes}`;
  return null;
}

/** Of the maps that every generation has, tables of the bundle excepted. */
export function declaredMapBytes(elf: Uint8Array): number {
  using object = BpfObject.open(elf, "piston");
  return programMapBytes(object.maps(), possibleCpus());
}

/** Kernel memory of maps as they are declared, without what the kernel adds for itself. */
export function programMapBytes(maps: readonly ObjectMap[], cpus: number): number {
  return maps.reduce((sum, { type, keyBytes, valueBytes, maxEntries }) => {
    const value = Math.ceil(valueBytes / 8) * 8;
    if (type === "ringbuf") return sum + maxEntries;
    if (type === "percpu_array") return sum + maxEntries * value * cpus;
    return sum + maxEntries * (value + (type === "array" ? 0 : keyBytes));
  }, 0);
}
