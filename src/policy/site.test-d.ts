// What TypeScript itself refuses in a site file, as types.test-d.ts does for policies.

import { existingSecret, packets, secret, site } from "pistonprotection";

const named = { name: "a", domain: "example.com" } as const;

site(named);
site({
  ...named,
  environments: { staging: { tier: "low", backup: null, namespaces: { monitoring: null } } },
});
site({ ...named, workloads: { auth: { jwtSecret: secret("a", { property: "b" }) } } });
site({ ...named, notifications: { pagerDuty: { routingKey: existingSecret("a", "b") } } });
site({ ...named, secrets: { store: { kind: "vault", server: "https://vault", path: "secret", role: "a" } } });
site({
  ...named,
  prometheus: { scrapeInterval: "1m" },
  ci: { provider: "github-actions", scanSchedule: "0 0 * * *" },
});

// @ts-expect-error hosts need a domain
site({ name: "a" });
// @ts-expect-error there is no such tier
site({ ...named, tier: "huge" });
// @ts-expect-error nor such a field
site({ ...named, prometheus: { scrapeIntervall: "15s" } });
// @ts-expect-error a duration has a unit
site({ ...named, prometheus: { scrapeInterval: "15" } });
// @ts-expect-error milliseconds are not one of them
site({ ...named, prometheus: { scrapeInterval: "15ms" } });
// @ts-expect-error a channel begins with #
site({ ...named, notifications: { slack: { critical: "a", warning: "#b", webhookUrl: secret("c") } } });
// @ts-expect-error a secret's place, never what it says
site({ ...named, workloads: { auth: { jwtSecret: "hunter2" } } });
// @ts-expect-error an amount is no secret
site({ ...named, workloads: { auth: { jwtSecret: packets(1) } } });
// @ts-expect-error a Vault store needs a role
site({ ...named, secrets: { store: { kind: "vault", server: "https://vault", path: "secret" } } });
const vault = { kind: "vault", server: "https://v", path: "s", role: "a" } as const;
// @ts-expect-error Vault has no region
site({ ...named, secrets: { store: { ...vault, region: "x" } } });
// @ts-expect-error a schedule has five fields
site({ ...named, ci: { provider: "github-actions", scanSchedule: "daily" } });
// @ts-expect-error an environment has its name from outside
site({ ...named, environments: { staging: { name: "x" } } });
// @ts-expect-error what must be there cannot be taken away
site({ ...named, environments: { staging: { domain: null } } });
