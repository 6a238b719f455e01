// For tests of emitters: a site as its author would write it, lowered.

import assert from "node:assert/strict";
import type { SiteIr } from "../../ir/site.ts";
import { type SiteOptions, site } from "../../policy/index.ts";
import { Lowering } from "../lower/lowering.ts";
import { lowerSite, undeclaredSite } from "../lower/site/index.ts";
import { FLEETS } from "./fleet-fixture.ts";

const SURROUNDINGS = {
  fleets: FLEETS.map(({ name }) => name),
  backends: FLEETS.flatMap(({ backends }) => backends.map(({ name }) => name)),
};
const lowering = () => new Lowering({ fleets: [], sources: new Map(), feeds: new Map(), revision: "" });

/** The site itself, and then its further environments. Throws where it has a fault. */
export function sitesOf(options: Partial<SiteOptions> = {}): readonly SiteIr[] {
  const faults = lowering();
  const sites = lowerSite(site({ name: "test", domain: "example.com", ...options }), faults, SURROUNDINGS);
  assert.deepEqual(faults.diagnostics, []);
  return sites;
}

export function siteOf(options: Partial<SiteOptions> = {}): SiteIr {
  return sitesOf(options)[0]!;
}

/** What a policy directory without `site.ts` has. */
export const DEFAULT_SITE: SiteIr = undeclaredSite(lowering(), SURROUNDINGS);
