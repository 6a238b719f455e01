// Sites that run some of the workloads and not others: what is emitted refers to nothing that is missing, whatever is left out.

import { describe, expect, it } from "vitest";
import type { SiteOptions } from "../../../policy/index.ts";
import { existingSecret } from "../../../policy/index.ts";
import { validate } from "../../validate/index.ts";
import { BUNDLES, FLEETS, REVISION } from "../fleet-fixture.ts";
import { emitManifests } from "../manifests/index.ts";
import { emitPlatform } from "../platform/index.ts";
import { EVERYTHING } from "../platform-fixture.ts";
import { siteOf } from "../site-fixture.ts";
import { emitWorkloads } from "./index.ts";

function faultsOf(options: Partial<SiteOptions>): string[] {
  const site = siteOf(options);
  const artifacts = [
    ...emitManifests(FLEETS, site, { bundles: BUNDLES, revision: REVISION }),
    ...emitWorkloads(FLEETS, site),
    ...emitPlatform(site),
  ];
  return validate([{ site, artifacts }], artifacts, new Map()).map(
    ({ code, message }) => `${code}: ${message}`,
  );
}

const workloads = EVERYTHING.workloads!;
const secrets = EVERYTHING.secrets!;
const backup = EVERYTHING.backup!;
const { database: _, ...withoutDatabase } = backup;
const postgresqlAlone = { password: existingSecret("db", "password") };

const variants: [string, Partial<SiteOptions>][] = [
  ["everything", EVERYTHING],
  ["nothing", {}],
  ...Object.entries(workloads).map(([name, options]): [string, Partial<SiteOptions>] => [
    `${name} alone`,
    { secrets, nodePools: EVERYTHING.nodePools!, workloads: { [name]: options } },
  ]),
  [
    "gateway and database without cache",
    { secrets, workloads: { gateway: {}, postgresql: postgresqlAlone } },
  ],
  ["no secret store: Secrets that are there", { workloads: { postgresql: postgresqlAlone } }],
  ["a store of others", { ...EVERYTHING, secrets: { store: { kind: "existing", name: "company" } } }],
  [
    "an issuer of the namespace",
    {
      certificates: { issuer: { kind: "Issuer", name: "own", acme: { email: "ops@example.com" } } },
    },
  ],
  ["an issuer of others", { certificates: { issuer: { kind: "ClusterIssuer", name: "company" } } }],
  ["backups of objects only", { secrets, backup: withoutDatabase }],
  ["Cilium without workloads", { cilium: true }],
  [
    "other namespaces",
    {
      ...EVERYTHING,
      namespaces: { platform: { name: "shield" }, workers: { name: "shield-nodes" }, velero: "backups" },
    },
  ],
];

describe("what a site emits holds together", () => {
  it.each(variants)("with %s", (_name, options) => {
    expect(faultsOf(options)).toEqual([]);
  });

  it("or the check would say so: a policy for a pod that does not run", () => {
    const site = siteOf(EVERYTHING);
    const some = emitWorkloads(FLEETS, site).filter(({ path }) => !path.endsWith("/redis.yaml"));
    const faults = validate([{ site, artifacts: some }], some, new Map()).map(({ code }) => code);
    expect(faults).toContain("selector-matches-nothing");
  });
});
