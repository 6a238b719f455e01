// What a test is about (a fleet, or policies without one) to the IR that the evaluator takes. Feeds are read from disk,
// where the policy files that name them stand.

import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { renderDiagnostics } from "../compiler/diagnostics/index.ts";
import { feedPath } from "../compiler/load/feed-path.ts";
import { showFrom, unreadable } from "../compiler/load/input.ts";
import { relocate } from "../compiler/load/relocate.ts";
import { lower } from "../compiler/lower/index.ts";
import type { CompileInput, FeedText } from "../compiler/types.ts";
import type { FleetIr } from "../ir/nodes.ts";
import { fleet } from "../policy/index.ts";
import type { Fleet, Policy } from "../policy/types.ts";

/** A fleet, or policies in the order in which a fleet would run them: then the default verdict is `pass`. */
export type Subject = Fleet | Policy | readonly Policy[];

/** A fleet with faults. `message` shows them as `piston check` does. */
export class FaultyPolicyError extends Error {
  readonly code = "faulty-policy";

  constructor(report: string) {
    super(`the policies have faults, nothing can be decided\n\n${report}`);
    this.name = "FaultyPolicyError";
  }
}

const lowered = new WeakMap<object, FleetIr>();

/** Lowers each subject once. Throws FaultyPolicyError. */
export function fleetIrOf(subject: Subject): FleetIr {
  const known = lowered.get(subject);
  if (known) return known;
  const input = inputOf("kind" in subject && subject.kind === "fleet" ? subject : fleetOf(subject));
  const { fleets, diagnostics } = lower(input);
  const errors = diagnostics.filter((one) => one.severity === "error");
  const [ir] = fleets;
  if (!ir || errors.length > 0) throw new FaultyPolicyError(renderDiagnostics(errors, input));
  lowered.set(subject, ir);
  return ir;
}

function fleetOf(subject: Policy | readonly Policy[]): Fleet {
  const policies = "kind" in subject ? [subject] : subject;
  return fleet("test", { interfaces: ["eth0"], defaultVerdict: "pass", management: [], policies });
}

/** Places are shown from the working directory, where the test runner was started. */
function inputOf(subject: Fleet): CompileInput {
  const root = process.cwd();
  const { fleets, feeds, files } = relocate([subject], showFrom(root));
  const sources = new Map<string, string>();
  for (const file of files) {
    if (!isAbsolute(file)) continue;
    const text = read(file);
    if (text.kind === "bytes") sources.set(showFrom(root)(file), Buffer.from(text.bytes).toString("utf8"));
  }
  return {
    fleets,
    sources,
    feeds: new Map([...new Set(feeds.map(feedPath))].map((path) => [path, read(join(root, path))])),
    revision: "",
  };
}

function read(path: string): FeedText {
  try {
    return { kind: "bytes", bytes: readFileSync(path) };
  } catch (error) {
    return unreadable(error);
  }
}
