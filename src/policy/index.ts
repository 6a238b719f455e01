// The package entry `pistonprotection`: the vocabulary that policy files are written in. Functions return frozen data
// and record the line that called them; they never throw, and whatever is wrong becomes a diagnostic of the compiler.

export type { KeyPrefixes } from "./quantities.ts";
export { by, bytes, bytesPerSecond, not, packets, packetsPerSecond, range } from "./quantities.ts";
export type { LimitRuleOptions, RuleOptions } from "./rules.ts";
export { drop, limit, pass, shadow } from "./rules.ts";
export type { BackendOptions, FleetOptions, HealthCheckOptions, PolicyOptions } from "./scopes.ts";
export { backend, fleet, management, policy } from "./scopes.ts";
export { asns, countries, difference, feed, prefixes, union } from "./sets.ts";
export type { Overrides, Site, SiteOptions, SiteOverrides, SiteSettings, TrafficOptions } from "./site.ts";
export { existingSecret, secret, site } from "./site.ts";
export type * from "./site-types.ts";
export type * from "./site-workloads.ts";
export type * from "./types.ts";
