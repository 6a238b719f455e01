// `npm run fuzz -- --minutes N [--seed S] [--pairs N]`: evaluator against kernel for that long. Prints the seed and what it
// reached; stores what it finds as a case that the tests replay, and exits with 1.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readProgramObject } from "../../src/runtime/kernel/generation.ts";
import { storeCase } from "./cases.ts";
import { fuzz, type Progress } from "./fuzz.ts";

const USAGE = "usage: npm run fuzz -- --minutes N [--seed S] [--pairs N] [--packets N]";
const PROGRESS_MS = 5000;

function numberOf(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  console.error(`--${name} ${text} is not a number\n${USAGE}`);
  process.exit(2);
}

function line({ runs, packets, rulesMade, rulesKept, witnesses }: Progress, seconds: number): string {
  const count = (value: number) => value.toLocaleString("en-US");
  return `${count(runs)} fleets, ${count(packets)} packet/fleet pairs, ${count(rulesKept)} of ${count(rulesMade)} rules, ${count(witnesses)} witnesses, ${seconds.toFixed(0)} s`;
}

const option = { type: "string" } as const;
const { values } = parseArgs({
  options: { minutes: option, seed: option, pairs: option, packets: option, help: { type: "boolean" } },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const seed = numberOf(values.seed, "seed", Math.floor(Math.random() * 2 ** 31));
const pairs = numberOf(values.pairs, "pairs", Infinity);
const timeoutMs = 60_000 * numberOf(values.minutes, "minutes", pairs === Infinity ? 1 : Infinity);
const packets = numberOf(values.packets, "packets", 4096);
console.log(`seed ${seed}`);

const object = readProgramObject(fileURLToPath(new URL("../../build/filter.bpf.o", import.meta.url)));
const begun = performance.now();
const seconds = () => (performance.now() - begun) / 1000;
let shown = begun;
const result = fuzz({
  seed,
  object,
  pairs,
  timeoutMs,
  packets,
  onProgress(progress) {
    if (performance.now() - shown < PROGRESS_MS) return;
    shown = performance.now();
    console.log(line(progress, seconds()));
  },
});

console.log(line(result, seconds()));
const reached = [...result.reasons].sort((a, b) => b[1] - a[1]);
console.log(reached.map(([reason, packets]) => `${reason} ${packets.toLocaleString("en-US")}`).join(", "));
if (result.finding) {
  const { run, disagreement, sequence } = result.finding;
  const path = storeCase(`seed ${seed}, run ${run}: ${disagreement.split("\n", 1)[0]}`, sequence);
  console.error(
    `\nseed ${seed}, run ${run}:\n${disagreement}\n\nstored as ${path}: name it after its fault, and mend that`,
  );
  process.exit(1);
}
console.log("no disagreement");
