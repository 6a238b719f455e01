import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SiteIr } from "../../../ir/site.ts";
import { site as makeSite } from "../../../policy/index.ts";
import { expectFaults, type Fault, lowerTree, policyFile, type Tree } from "../../load/tree-fixture.ts";

import { Lowering } from "../lowering.ts";
import { lowerSite } from "./index.ts";

const POLICIES: Tree = {
  "a.policy.ts": policyFile({
    before: `const dns = backend("dns", { listen: ["203.0.113.53/32"], protocol: "udp", ports: 53, origins: [] });`,
    policy: "backend: dns,",
  }),
};
const siteFile = (body: string) => `import { existingSecret, secret, site } from "pistonprotection";
export default site({
  ${body}
});
`;
const NAMED = `name: "edge-site", domain: "example.com",`;
const STORE = `secrets: { store: { kind: "aws-secrets-manager", region: "eu-central-1" } },`;

async function sitesOf(body: string): Promise<readonly SiteIr[]> {
  const { sites, diagnostics } = await lowerTree({ ...POLICIES, "site.ts": siteFile(body) });
  expect(diagnostics).toEqual([]);
  return sites;
}
const faults = (body: string, ...expected: Fault[]) =>
  expectFaults({ ...(POLICIES as Record<string, string>), "site.ts": siteFile(body) }, expected);

describe("a site that says nothing but its name", () => {
  test("is complete: the defaults of docs/SITE.md", async () => {
    const [site] = await sitesOf(NAMED);
    expect(site).toMatchObject({
      name: "edge-site",
      environment: "production",
      root: "",
      domain: "example.com",
      tier: "medium",
      gitops: { engine: "both", server: "https://kubernetes.default.svc" },
      namespaces: {
        platform: { name: "pistonprotection", podSecurity: "restricted" },
        workers: { name: "pistonprotection-workers", podSecurity: "privileged" },
        monitoring: "monitoring",
      },
      alerting: {
        alerts: {
          HighAttackVolume: { threshold: 1000, window: "5m", for: "2m" },
          HighDropRate: { threshold: 0.5, window: "5m", for: "5m" },
        },
      },
      prometheus: { scrapeInterval: "15s", scrapeTimeout: "10s", operator: true },
      certificates: null,
      backup: null,
      ci: null,
      workloads: { gateway: null, auth: null, frontend: null, metrics: null, postgresql: null, redis: null },
    });
  });

  test("is what a directory without site.ts has, but for what needs a domain", async () => {
    const { sites, diagnostics } = await lowerTree(POLICIES);
    expect(diagnostics).toEqual([]);
    const [declared] = await sitesOf(NAMED);
    const withoutOwn = (site: SiteIr) =>
      JSON.stringify({ ...site, name: "", domain: "", isDeclared: true }).replace(
        /"location":\{[^}]*\}/g,
        "",
      );
    expect(sites).toHaveLength(1);
    expect(sites[0]).toMatchObject({ isDeclared: false, domain: null });
    expect(withoutOwn(sites[0]!)).toBe(withoutOwn(declared!));
  });

  test("cannot be changed", async () => {
    const [site] = await sitesOf(NAMED);
    const open: string[] = [];
    const walk = (value: unknown, path: string) => {
      if (typeof value !== "object" || value === null) return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [name, field] of Object.entries(value)) walk(field, `${path}.${name}`);
    };
    walk(site, "site");
    expect(open.filter((path) => !path.endsWith("location"))).toEqual([]);
  });
});

describe("traffic", () => {
  // The operations guide: low below 1 Gbit/s, medium 1 to 10, high 10 to 40, very high above.
  test.each([
    [0.999, "low"],
    [1, "medium"],
    [10, "medium"],
    [10.1, "high"],
    [40, "high"],
    [40.1, "very-high"],
  ])("of %d Gbit/s chooses the tier %s", async (gbps, tier) => {
    const [site] = await sitesOf(`${NAMED} traffic: { peakGbps: ${gbps} },`);
    expect(site?.tier).toBe(tier);
  });

  test("does not overrule a tier that is given", async () => {
    const [site] = await sitesOf(`${NAMED} tier: "low", traffic: { peakGbps: 100 },`);
    expect(site?.tier).toBe("low");
  });
});

describe("a secret", () => {
  test("has one place in the cluster, by who uses it", async () => {
    const [site] = await sitesOf(
      `${NAMED} ${STORE} notifications: { slack: { critical: "#a", warning: "#b", webhookUrl: secret("team/slack", { property: "url" }) } },
       workloads: { auth: { jwtSecret: existingSecret("jwt", "key") } },`,
    );
    expect(site?.secrets).toMatchObject({
      store: { kind: "aws-secrets-manager", name: "aws-secrets-manager", region: "eu-central-1" },
      refreshInterval: "1h",
      stored: [
        {
          namespace: "pistonprotection",
          name: "pistonprotection-notifications",
          key: "slack-webhook-url",
          remote: { key: "team/slack", property: "url" },
        },
      ],
    });
    expect(site?.workloads.auth?.jwtSecret).toMatchObject({ name: "jwt", key: "key", remote: null });
  });

  test("of a store needs a store", () =>
    faults(`${NAMED} workloads: { auth: { jwtSecret: «secret»("a/b") } },`, {
      code: "no-secret-store",
      message: 'the site has no store to take "a/b" from',
      help: 'say which: `secrets: { store: { kind: "aws-secrets-manager", region: "eu-central-1" } }`; or name a Secret of the cluster with `existingSecret`',
    }));

  const help =
    'name it instead: `secret("key in the store")`. What has been in a file that others can read is to be replaced';
  test("itself is refused, and not repeated", () =>
    faults(`${NAMED} workloads: { auth: { «jwtSecret»: "hunter2" as never } },`, {
      code: "secret-value",
      message: "`jwtSecret` holds a text where a reference belongs",
      help,
    }));

  test.each([
    "https://hooks.slack.com/services/T0/B0/xyz",
    "AKIAABCDEFGHIJKLMNOP",
    "-----BEGIN PRIVATE KEY-----",
    "postgres://app:pass@db/app",
  ])("is refused as the key of a store: %s", (text) =>
    faults(`${NAMED} ${STORE} workloads: { auth: { jwtSecret: secret(«"${text}"») } },`, {
      code: "secret-value",
      message: "the key looks like a secret itself",
      help,
    }),
  );

  test("in a webhook's URL is refused", () =>
    faults(`${NAMED} notifications: { webhook: { «url»: "https://me:pass@example.com/" } },`, {
      code: "secret-value",
      message: "`url` holds what looks like a secret",
      help,
    }));
});

describe("a fault is reported at its place:", () => {
  const cases: readonly [string, string, Fault][] = [
    [
      "a field that there is not",
      `${NAMED} prometheus: { «scrapeIntervall»: "15s" } as never,`,
      {
        code: "unknown-field",
        message: "there is no `scrapeIntervall` in `prometheus`",
        help: "did you mean `scrapeInterval`?",
      },
    ],
    [
      "a domain that is none",
      `name: "a", domain: «"Example.com"»,`,
      {
        code: "bad-value",
        message: '"Example.com" is not a DNS name',
        help: "write labels of lower-case letters, digits and hyphens with dots between them: `example.com`",
      },
    ],
    [
      "an unknown tier",
      `${NAMED} tier: «"hihg"» as never,`,
      {
        code: "bad-value",
        message: '`tier` is "hihg"',
        help: 'write one of "low", "medium", "high", "very-high"',
      },
    ],
    [
      "a channel without #",
      `${NAMED} notifications: { slack: { critical: «"alerts"» as never, warning: "#b", webhookUrl: existingSecret("a", "b") } },`,
      {
        code: "bad-value",
        message: '"alerts" is not a channel',
        help: "begin it with #: `#alerts-critical`",
      },
    ],
    [
      "a fleet that there is not",
      `${NAMED} fleets: { «egde»: {} },`,
      {
        code: "unknown-fleet",
        message: "no policy file exports a fleet `egde`",
        help: "did you mean `edge`?",
      },
    ],
    [
      "a backend that there is not",
      `${NAMED} alerting: { backends: { «dsn»: { passRatio: 0.99 } } },`,
      { code: "unknown-backend", message: "no policy has a backend `dsn`", help: "did you mean `dns`?" },
    ],
    [
      "a node pool that there is not",
      `${NAMED} nodePools: { one: { labels: { a: "b" } } }, fleets: { edge: { nodePool: «"two"» } },`,
      {
        code: "unknown-node-pool",
        message: 'there is no node pool "two"',
        help: "node pools here: `one`",
      },
    ],
    [
      "an image that is another tomorrow",
      `${NAMED} images: { agent: «"ghcr.io/a/agent:latest"» },`,
      {
        code: "floating-image",
        message: '"ghcr.io/a/agent:latest" is another image tomorrow',
        help: "name a version or a digest: a node that starts again must run what its neighbours run",
      },
    ],
    [
      "agents where Pod Security would refuse them",
      `${NAMED} namespaces: { platform: { podSecurity: "baseline" }, workers: { podSecurity: «"baseline"» } },`,
      {
        code: "pod-security",
        message: "the agents use the host's network and its BPF file system, which only `privileged` admits",
        help: "leave it out; nothing but agents runs in that namespace",
      },
    ],
    [
      "a scrape that takes longer than its interval",
      `${NAMED} prometheus: { scrapeInterval: "15s", scrapeTimeout: «"20s"» },`,
      {
        code: "bad-value",
        message: "a scrape may take 20s, and the next begins after 15s",
        help: "make the timeout shorter than the interval",
      },
    ],
    [
      "a backup of a database that the site does not run",
      `${NAMED} «backup»: { bucket: "abc", region: "eu-central-1", database: { accessKeyId: existingSecret("a", "b"), secretAccessKey: existingSecret("a", "c") } },`,
      {
        code: "backup-without-database",
        message: "there is a backup of a database, and the site runs none",
        help: "add `workloads.postgresql`, or take `backup.database` away",
      },
    ],
    [
      "two keys of PagerDuty",
      `${NAMED} notifications: { «pagerDuty»: { serviceKey: existingSecret("a", "b"), routingKey: existingSecret("a", "b") } },`,
      {
        code: "bad-value",
        message: "`pagerDuty` has both a `routingKey` and a `serviceKey`",
        help: "write `routingKey` for an Events API v2 integration, or `serviceKey` for one of the type Prometheus",
      },
    ],
    [
      "a second field of one name, in the section that is meant",
      `${NAMED} backup: { bucket: "abc", region: "eu-central-1", velero: { schedule: «"daily"» as never } }, ci: { provider: "github-actions", scanSchedule: "0 0 * * *" },`,
      {
        code: "bad-value",
        message: '"daily" is not a schedule',
        help: "write minute, hour, day, month and day of the week: `0 2 * * *`",
      },
    ],
    [
      "a missing field",
      `${NAMED} «certificates»: { issuer: { kind: "Issuer" } as never },`,
      {
        code: "bad-value",
        message: "`issuer` has no `name`",
        help: "write lower-case letters, digits, hyphens and dots",
      },
    ],
  ];
  test.each(cases)("%s", async (_what, body, fault) => {
    await faults(body.replace("«certificates»: { issuer:", "certificates: { «issuer»:"), fault);
  });

  test("site.ts without a site", async () => {
    const { diagnostics, sites } = await lowerTree({ ...POLICIES, "site.ts": "export const x = 1;" });
    expect(diagnostics.map(({ code, location }) => [code, location.file])).toEqual([
      ["no-site", "policies/site.ts"],
    ]);
    expect(sites[0]?.isDeclared).toBe(false);
  });

  test("site.ts that does not load", async () => {
    const { diagnostics } = await lowerTree({ ...POLICIES, "site.ts": 'import "./nowhere.ts";' });
    expect(diagnostics).toMatchObject([
      { code: "policy-load-failed", location: { file: "policies/site.ts" } },
    ]);
  });
});

describe("an environment", () => {
  const base = `${NAMED} tier: "high", backup: { bucket: "abc", region: "eu-central-1", velero: {} },
    nodePools: { edge: { labels: { a: "b" } } }, prometheus: { alertmanagers: ["a:1", "b:2"], scrapeInterval: "30s" },`;

  test("is the site with what it says otherwise: records merged, lists replaced, null taken away", async () => {
    const [production, ...others] = await sitesOf(
      `${base} environments: {
         test: {},
         staging: { tier: "low", backup: null, prometheus: { alertmanagers: ["c:3"] }, fleets: { edge: { nodePool: "edge" } } },
       },`,
    );
    expect(production).toMatchObject({ environment: "production", root: "", tier: "high" });
    expect(others.map(({ environment, root, tier }) => [environment, root, tier])).toEqual([
      ["staging", "environments/staging/", "low"],
      ["test", "environments/test/", "high"],
    ]);
    expect(others[0]).toMatchObject({
      backup: null,
      prometheus: { alertmanagers: ["c:3"], scrapeInterval: "30s" },
      fleets: { edge: { tier: "low", nodePool: { name: "edge" } } },
    });
    expect(production?.backup).not.toBeNull();
    expect(production?.fleets["edge"]?.nodePool).toBeNull();
  });

  test("with another kind of store has nothing of the first", async () => {
    const [, staging] = await sitesOf(
      `${NAMED} ${STORE} environments: { staging: { secrets: { store: { kind: "existing", name: "shared" } } } },`,
    );
    expect(staging?.secrets.store).toMatchObject({
      kind: "existing",
      name: "shared",
      storeKind: "ClusterSecretStore",
    });
  });

  test("has its own faults at their own place", () =>
    faults(`${NAMED} tier: "low", environments: { staging: { tier: «"hi"» as never } },`, {
      code: "bad-value",
      message: '`tier` is "hi"',
      help: 'write one of "low", "medium", "high", "very-high"',
    }));

  test("reports a fault of the base once", () =>
    faults(`${NAMED} tier: «"hi"» as never, environments: { staging: {}, test: {} },`, {
      code: "bad-value",
      message: '`tier` is "hi"',
      help: 'write one of "low", "medium", "high", "very-high"',
    }));

  test("needs a name that names can begin with, which is said once", () =>
    faults(`${NAMED} environments: { «"Staging EU"»: {} },`, {
      code: "bad-value",
      message: "\"Staging EU\" is not a site's or environment's name",
      help: "write a lower-case letter, then letters, digits and hyphens, 20 at most, no hyphen at the end",
    }));

  test("cannot have the name of the first", () =>
    faults(`${NAMED} environments: { «production»: {} },`, {
      code: "duplicate-name",
      message: "`production` is what the settings outside `environments` describe",
      help: "write its settings there, or give those another name with `environment`",
    }));
});

describe("a record that stands in itself", () => {
  const help = "write the record out, without the reference to itself";
  const cyclic = `const a: Record<string, unknown> = {};
a["b"] = { list: [0, a] };
`;
  const fault = (message: string) => ({ code: "site-cycle", message, help });
  const given = (body: string, one: Fault) =>
    expectFaults(
      {
        ...(POLICIES as Record<string, string>),
        "site.ts": siteFile(body).replace("export", `${cyclic}export`),
      },
      [one],
    );

  test("is told at the field that has it", () =>
    given(
      `${NAMED} extra: { «objects»: a as never },`,
      fault("`extra.objects.b.list.1` leads back to a record that it stands in"),
    ));

  test("is told once where an environment overrides it by itself", () =>
    given(
      `${NAMED} «workloads»: a, environments: { staging: { workloads: a } } as never,`,
      fault("`workloads.b.list.1` leads back to a record that it stands in"),
    ));

  test("is told where only the environment has it", () =>
    given(
      `${NAMED} environments: { staging: { «workloads»: a as never } },`,
      fault("`environments.staging.workloads.b.list.1` leads back to a record that it stands in"),
    ));

  test("is another thing than a record that stands in two places", async () => {
    const [production, staging] = await sitesOf(
      `${NAMED} ...((shared) => ({ nodePools: { one: shared, two: shared }, environments: { staging: { nodePools: { one: shared } } } }))({ labels: { a: "b" } }),`,
    );
    expect(staging?.environment).toBe("staging");
    expect(production?.environment).toBe("production");
  });
});

test("no site makes the compiler throw, whatever an untyped caller gives it", async () => {
  const [site] = await sitesOf(NAMED);
  const fields = Object.keys(site!);
  const value = fc.oneof(fc.anything(), fc.dictionary(fc.constantFrom("edge", ...fields), fc.anything()));
  const settings = fc.dictionary(fc.constantFrom("environments", ...fields), value);
  const surroundings = { fleets: ["edge"], backends: [] };
  fc.assert(
    fc.property(settings, (options) => {
      const lowering = new Lowering({ fleets: [], sources: new Map(), feeds: new Map(), revision: "" });
      const sites = lowerSite(makeSite(options as never), lowering, surroundings);
      expect(sites.length === 0).toBe(lowering.diagnostics.length > 0);
    }),
  );
});

test("what only the site needs is no part of the revision", async () => {
  const revision = async (tree: Tree) => (await lowerTree(tree)).input.revision;
  const alone = await revision(POLICIES);
  expect(await revision({ ...POLICIES, "site.ts": siteFile(NAMED) })).toBe(alone);
  expect(await revision({ ...POLICIES, "site.ts": siteFile(`${NAMED} tier: "low",`) })).toBe(alone);
});
