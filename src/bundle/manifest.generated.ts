// Made from manifest.schema.json by generate.mjs (npm run generate). Do not edit.

/**
 * The manifest of a bundle: docs/BUNDLE.md. Source of manifest.generated.ts and validate-manifest.generated.js.
 */
export interface Manifest {
  /**
   * Version of the file format.
   */
  readonly formatVersion: 1;
  /**
   * ABI_VERSION of bpf/shared.h.
   */
  readonly abiVersion: number;
  readonly fleet: ManifestFleet;
  /**
   * Digest of the policy sources and feeds that the bundle was compiled from.
   */
  readonly revision: string;
  /**
   * Kernel memory that the tables take, in bytes.
   */
  readonly memoryBytes: number;
  /**
   * In the order of the file.
   *
   * @minItems 1
   * @maxItems 64
   */
  readonly sections: readonly ManifestSection[];
  /**
   * Management flows, then the fleet's rules from top to bottom.
   *
   * @maxItems 4096
   */
  readonly rules: readonly ManifestRule[];
  readonly policies: readonly ManifestPolicy[];
  /**
   * @maxItems 256
   */
  readonly backends: readonly ManifestBackend[];
  readonly sets: readonly ManifestSet[];
  readonly witnesses: readonly Witness[];
}
export interface ManifestFleet {
  readonly name: string;
  readonly interfaces: readonly string[];
  readonly attach: "native" | "generic";
  readonly defaultVerdict: "pass" | "drop";
}
/**
 * The memory image of one map; `config` is the policy's part of .rodata.
 */
export interface ManifestSection {
  readonly name:
    | "config"
    | "rules"
    | "fields"
    | "vectors"
    | "source4_blocks"
    | "source4_root"
    | "source4_ranges"
    | "source6_hosts"
    | "source6_nets"
    | "source6_root"
    | "source6_ranges"
    | "destination4_blocks"
    | "destination4_root"
    | "destination4_ranges"
    | "destination6_hosts"
    | "destination6_nets"
    | "destination6_root"
    | "destination6_ranges";
  /**
   * Byte of the file where it begins, a multiple of 4,096.
   */
  readonly offset: number;
  /**
   * Bytes, without padding.
   */
  readonly length: number;
  /**
   * Value size of the map.
   */
  readonly entryBytes: number;
  /**
   * max_entries of the map.
   */
  readonly entries: number;
  /**
   * SHA-256 of its bytes where they are at most 262,144; else SHA-256 of the SHA-256s, 32 bytes each and in order, of its parts of 262,144 bytes, of which the last may be shorter.
   */
  readonly sha256: string;
}
export interface ManifestRule {
  /**
   * Its bit in the vectors and its line in `rules`.
   */
  readonly index: number;
  /**
   * `<policy>/<rule>`.
   */
  readonly id: string;
  /**
   * `id` of struct rule, 16 hex digits.
   */
  readonly stableId: string;
  readonly policy: string;
  readonly name: string;
  readonly action: "pass" | "drop" | "limit";
  readonly shadow: boolean;
  /**
   * Name of a backend.
   */
  readonly backend: string | null;
  readonly location: ManifestLocation;
  /**
   * null where the action is not `limit`.
   */
  readonly limit: ManifestLimit | null;
}
/**
 * The policy line that made it. Line and column count from 1.
 */
export interface ManifestLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
export interface ManifestLimit {
  readonly unit: "packets" | "bytes";
  readonly ratePerSecond: number;
  /**
   * In units.
   */
  readonly burst: number;
  readonly key: "rule" | "source" | "destination" | "source-port" | "destination-port";
  readonly prefix4: number;
  readonly prefix6: number;
  readonly blockForSeconds: number | null;
}
export interface ManifestPolicy {
  readonly name: string;
  readonly owners: readonly string[];
  readonly backend: string | null;
}
export interface ManifestBackend {
  readonly name: string;
  readonly listen: readonly string[];
  readonly protocols: readonly ("tcp" | "udp")[];
  readonly origins: readonly string[];
  /**
   * How the agent asks the origins; null: it does not.
   */
  readonly healthCheck: ManifestHealthCheck | null;
}
export interface ManifestHealthCheck {
  readonly kind: "tcp" | "udp" | "http" | "https";
  readonly port: number;
  /**
   * Of an HTTP request; null where the kind has none.
   */
  readonly path: string | null;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  /**
   * Failures in a row that make an origin unhealthy; one success makes it healthy.
   */
  readonly unhealthyThreshold: number;
}
export interface ManifestSet {
  readonly name: string;
  /**
   * The policy, or `fleet:<name>`.
   */
  readonly scope: string;
  /**
   * The fewest IPv4 prefixes that cover it.
   */
  readonly prefixes4: number;
  /**
   * The fewest IPv6 prefixes that cover it.
   */
  readonly prefixes6: number;
  /**
   * Over its ranges in order, first and last address big-endian: IPv4 in 4 bytes each, then IPv6 in 16.
   */
  readonly sha256: string;
  /**
   * Path of the feed file.
   */
  readonly feed: string | null;
}
/**
 * Packets that must get the verdict and rule given; the steps run in order on state that is empty before.
 */
export interface Witness {
  readonly name: string;
  /**
   * The rule that it witnesses.
   */
  readonly rule: string | null;
  /**
   * @minItems 1
   */
  readonly steps: readonly WitnessStep[];
}
export interface WitnessStep {
  /**
   * The frame from the destination MAC on, base64. 14 bytes at least: BPF_PROG_TEST_RUN takes no less.
   */
  readonly packet: string;
  /**
   * Time in nanoseconds, a u64.
   */
  readonly atNs: string;
  /**
   * How often the packet runs; the expectation holds for the last.
   */
  readonly repeat: number;
  readonly verdict: "pass" | "drop";
  /**
   * The deciding rule's id.
   */
  readonly rule: string | null;
  readonly reason:
    | "default"
    | "rule"
    | "limit"
    | "block"
    | "management"
    | "arp"
    | "neighbour-discovery"
    | "dhcp"
    | "other-ethertype"
    | "truncated-ethernet"
    | "truncated-vlan"
    | "too-many-vlan-tags"
    | "truncated-ip"
    | "bad-ip-version"
    | "bad-ihl"
    | "bad-total-length"
    | "truncated-extension"
    | "too-many-extensions"
    | "bad-fragment"
    | "tiny-fragment"
    | "truncated-l4"
    | "bad-tcp-offset"
    | "bad-udp-length";
}
