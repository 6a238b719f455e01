// For tests: the sample site's output with a fault planted into it, and what is said of that.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../compile.ts";
import { loadPolicies } from "../load/index.ts";
import type { Artifact, Diagnostic } from "../types.ts";
import type { EmittedObject } from "./emitted.ts";
import { validate } from "./index.ts";

const POLICIES = join(dirname(fileURLToPath(import.meta.url)), "../../../policies");

const input = await loadPolicies(POLICIES);
const { artifacts, sites, diagnostics } = compile(input);
const [site] = sites;
if (!site) throw new Error(`the sample policies have errors: ${JSON.stringify(diagnostics)}`);

/** Objects and texts as data that a test may change. */
interface Loose {
  [field: string]: Loose | undefined;
}

export class Planted {
  /** Of the first environment. */
  readonly artifacts: Artifact[] = artifacts
    .filter(({ path }) => !path.startsWith("environments/"))
    .map(({ path, bytes, objects }) => ({
      path,
      bytes,
      ...(objects ? { objects: structuredClone(objects) } : {}),
    }));

  /** The first object of the kind whose name begins so, to be changed in place. */
  object(kind: string, name = ""): Loose {
    for (const { objects = [] } of this.artifacts)
      for (const { object } of objects) {
        const known = object as EmittedObject;
        if (known.kind === kind && known.metadata.name.startsWith(name)) return object as Loose;
      }
    throw new Error(`the sample site has no ${kind} ${name}`);
  }

  add(object: unknown, path = "manifests/cluster/planted.yaml"): void {
    this.artifacts.push({ path, bytes: new Uint8Array(), objects: [{ object, location: null }] });
  }

  /** The text of a file; `change` gives the new one. */
  text(path: string, change: (text: string) => string): void {
    const index = this.artifacts.findIndex((one) => one.path === path);
    const file = this.artifacts[index];
    if (!file) throw new Error(`the sample site has no ${path}`);
    const changed = change(Buffer.from(file.bytes).toString());
    this.artifacts[index] = { ...file, bytes: Buffer.from(changed) };
  }

  found(): readonly Diagnostic[] {
    return validate([{ site: site!, artifacts: this.artifacts }], this.artifacts, input.sources);
  }
}
