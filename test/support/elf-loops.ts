// An object of BPF programs to its loops: which instruction closes each of them, and whether that one is a jump.

import { strict as assert } from "node:assert";

export interface Loop {
  readonly function: string;
  /** Instructions of the function, from 0: the one that closes the loop, and where it goes. */
  readonly from: number;
  readonly to: number;
  readonly byJump: boolean;
}

interface Step {
  readonly to: number;
  readonly byJump: boolean;
}

const INSTRUCTION_BYTES = 8;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const SYMBOL_TABLE = 2;
const FUNCTION = 2;
const LOAD_64 = 0x18;
const [JUMP, JUMP32] = [0x05, 0x06];
const [ALWAYS, CALL, EXIT] = [0x00, 0x80, 0x90];

/** As the file has them. What the addon puts in takes branches away and adds none. */
export function loopsOf(elf: Uint8Array): Loop[] {
  return functionsOf(elf).flatMap(({ name, code }) =>
    backEdges(code).map((edge) => ({ function: name, ...edge })),
  );
}

function functionsOf(elf: Uint8Array): { name: string; code: DataView }[] {
  const view = new DataView(elf.buffer, elf.byteOffset, elf.length);
  const section = (index: number) => {
    const at = Number(view.getBigUint64(40, true)) + index * SECTION_BYTES;
    const [offset, bytes] = [24, 32].map((field) => Number(view.getBigUint64(at + field, true)));
    return {
      type: view.getUint32(at + 4, true),
      offset: offset!,
      bytes: bytes!,
      link: view.getUint32(at + 40, true),
    };
  };
  const symbols = Array.from({ length: view.getUint16(60, true) }, (_, i) => section(i)).find(
    ({ type }) => type === SYMBOL_TABLE,
  );
  assert(symbols, "the object has no symbols");
  const names = section(symbols.link).offset;
  const found: { name: string; code: DataView }[] = [];
  for (let at = symbols.offset; at < symbols.offset + symbols.bytes; at += SYMBOL_BYTES) {
    if ((view.getUint8(at + 4) & 15) !== FUNCTION) continue;
    const nameAt = names + view.getUint32(at, true);
    const name = Buffer.from(elf.subarray(nameAt, elf.indexOf(0, nameAt))).toString();
    const begin = section(view.getUint16(at + 6, true)).offset + Number(view.getBigUint64(at + 8, true));
    const bytes = Number(view.getBigUint64(at + 16, true));
    found.push({ name, code: new DataView(elf.buffer, elf.byteOffset + begin, bytes) });
  }
  return found;
}

/** Steps to an instruction that is still on the way, in a walk of everything, depth first. */
function backEdges(code: DataView): { from: number; to: number; byJump: boolean }[] {
  const found: { from: number; to: number; byJump: boolean }[] = [];
  const state = new Map<number, "on the way" | "done">([[0, "on the way"]]);
  const path = [{ at: 0, steps: stepsOf(code, 0) }];
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const step = top.steps.pop();
    if (!step) {
      state.set(top.at, "done");
      path.pop();
    } else if (state.get(step.to) === "on the way") {
      found.push({ from: top.at, ...step });
    } else if (!state.has(step.to)) {
      state.set(step.to, "on the way");
      path.push({ at: step.to, steps: stepsOf(code, step.to) });
    }
  }
  return found;
}

function stepsOf(code: DataView, at: number): Step[] {
  const operation = code.getUint8(at * INSTRUCTION_BYTES);
  if (operation === LOAD_64) return [{ to: at + 2, byJump: false }];
  const isJump = [JUMP, JUMP32].includes(operation & 7);
  const what = operation & 0xf0;
  if (!isJump || what === CALL) return [{ to: at + 1, byJump: false }];
  if (what === EXIT) return [];
  const target = { to: at + 1 + code.getInt16(at * INSTRUCTION_BYTES + 2, true), byJump: true };
  return what === ALWAYS ? [target] : [{ to: at + 1, byJump: true }, target];
}
