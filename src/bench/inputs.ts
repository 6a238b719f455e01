// Prefixes, their feed files and bundles, made once in a run: several rows are of the same million prefixes.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../bundle/index.ts";
import { type CompileReport, compileApart, readBundleFile } from "./compile.ts";
import { FEEDS } from "./fleets.ts";
import { feedText4, feedText6, type Prefixes4, type Prefixes6, prefixes4, prefixes6 } from "./prefixes.ts";

export interface Input<P> {
  readonly prefixes: P;
  /** Where the feed file is. */
  readonly folder: string;
  /** Of denyFleet(). */
  readonly bundle: Bundle;
  readonly bundlePath: string;
  readonly report: CompileReport;
}

export class Inputs {
  readonly #folder: string;
  readonly #made4 = new Map<number, Input<Prefixes4>>();
  readonly #made6 = new Map<number, Input<Prefixes6>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  v4(count: number): Input<Prefixes4> {
    let made = this.#made4.get(count);
    if (!made) {
      const prefixes = prefixes4(count);
      made = { prefixes, ...this.#compile(`v4-${count}`, feedText4(prefixes)) };
      this.#made4.set(count, made);
    }
    return made;
  }

  v6(count: number): Input<Prefixes6> {
    let made = this.#made6.get(count);
    if (!made) {
      const prefixes = prefixes6(count);
      made = { prefixes, ...this.#compile(`v6-${count}`, feedText6(prefixes)) };
      this.#made6.set(count, made);
    }
    return made;
  }

  #compile(name: string, text: string): Omit<Input<never>, "prefixes"> {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    writeFileSync(join(folder, FEEDS.deny), text);
    const bundlePath = join(folder, "deny.bundle");
    const report = compileApart("denyFleet", folder, { args: [], output: bundlePath });
    return { folder, bundlePath, report, bundle: readBundleFile(bundlePath) };
  }
}
