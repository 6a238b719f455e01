// Feed sets to addresses: the file is there, has the digest and the number of entries that its guards say, and every
// line of it is right. A feed with any fault gives no addresses: half a deny list is not a deny list.

import { createHash } from "node:crypto";
import { type AddressSet, EMPTY } from "../../ir/address-set.ts";
import { prefixCounts } from "../../ir/prefix-count.ts";
import type { FeedSet } from "../../policy/types.ts";
import { feedPath, NO_SUCH_FILE } from "../load/feed-path.ts";
import { FAULTS_LISTED, type FeedContent, type FeedLineFault, parseFeed } from "./feed-text.ts";
import type { Call, Lowering } from "./lowering.ts";
import { count, fieldsOf, knownFields, type Node, numberOf, show } from "./untyped.ts";

const ENTRIES_MOST = 100_000_000;

export class Feeds {
  readonly #lowering: Lowering;
  readonly #contents = new Map<string, FeedContent>();

  constructor(lowering: Lowering) {
    this.#lowering = lowering;
  }

  /** Null where it has a fault, which is then reported. */
  addressesOf(node: Node): AddressSet | null {
    const call = this.#lowering.callAt(node.location);
    const path = node["path"];
    if (typeof path !== "string" || path === "" || path.startsWith("/")) {
      call.report(call.value(path), {
        code: "bad-value",
        message: `${show(path)} is not the path of a feed`,
        help: "give it relative to this file: an absolute path would differ from machine to machine",
      });
      return null;
    }
    const guards = guardsOf(node["guards"], call);
    const key = feedPath({ location: node.location, path } as FeedSet);
    const text = this.#lowering.input.feeds.get(key);
    if (text?.kind === "missing" && text.message === NO_SUCH_FILE && node["mayMiss"] === true) return EMPTY;
    if (text?.kind !== "bytes") {
      call.report(call.value(path), {
        code: "feed-missing",
        message: `feed \`${key}\`: ${text?.message ?? "it was not loaded"}`,
        help: `put the file there, or mend the path: it is relative to ${node.location.file}`,
      });
      return null;
    }
    const content = this.#contentOf(key, text.bytes);
    const isGuarded =
      guards !== null &&
      holds(key, text.bytes, content, guards, path, call) &&
      holdsChange(this.#lowering.input.lastBuild?.get(key), content, guards, path, call);
    return isGuarded && content.faultCount === 0 ? content.addresses : null;
  }

  #contentOf(key: string, bytes: Uint8Array): FeedContent {
    const known = this.#contents.get(key);
    if (known) return known;
    const content = parseFeed(bytes);
    this.#contents.set(key, content);
    const hidden = content.faultCount - content.faults.length;
    content.faults.forEach((fault, index) => {
      this.#reportLine(key, fault, index === FAULTS_LISTED - 1 ? hidden : 0);
    });
    return content;
  }

  #reportLine(file: string, { line, column, text, fault }: FeedLineFault, hidden: number): void {
    const span = { location: { file, line, column }, spanLength: text.length };
    const more = hidden > 0 ? `; ${count(hidden)} more lines of this feed are wrong` : "";
    const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
    if (fault.kind === "not-an-address")
      this.#lowering.report(span, {
        code: "bad-feed-line",
        message: `\`${shown}\` is neither an address nor a prefix${more}`,
        help: "a line of a feed begins with an address or a prefix; `#` begins a comment",
      });
    else
      this.#lowering.report(span, {
        code: "bad-prefix",
        message:
          fault.kind === "host-bits"
            ? `\`${shown}\` has bits set beyond its prefix length${more}`
            : `\`${shown}\` has no valid prefix length${more}`,
        help:
          fault.kind === "host-bits"
            ? `it would be \`${fault.canonical}\`; have whoever makes the feed say which was meant`
            : `an IPv${fault.family} prefix length is a number from 0 to ${fault.family === 4 ? 32 : 128}`,
      });
  }
}

interface Guards {
  readonly minEntries: number;
  readonly maxEntries: number;
  readonly sha256: string | null;
  readonly maxChangePercent: number | null;
}

function guardsOf(value: unknown, call: Call): Guards | null {
  const fields = fieldsOf(value);
  if (fields === null) {
    call.report(call.whole(), {
      code: "bad-value",
      message: "the feed has no guards",
      help: "write `{ minEntries: …, maxEntries: … }`: the bounds that a sound feed keeps",
    });
    return null;
  }
  knownFields(
    fields,
    ["minEntries", "maxEntries", "sha256", "maxChangePercent"],
    "the record of guards",
    call,
  );
  const bounds = { most: ENTRIES_MOST, whole: true, unit: "entries" };
  const minEntries = numberOf(fields["minEntries"], "minEntries", { least: 0, ...bounds }, call);
  const maxEntries = numberOf(fields["maxEntries"], "maxEntries", { least: 1, ...bounds }, call);
  if (minEntries === null || maxEntries === null) return null;
  if (minEntries > maxEntries) {
    call.report(call.value(minEntries, { property: "minEntries" }), {
      code: "bad-value",
      message: `\`minEntries\` ${count(minEntries)} is above \`maxEntries\` ${count(maxEntries)}`,
      help: "turn the two round",
    });
    return null;
  }
  const sha256 = fields["sha256"] ?? null;
  if (sha256 !== null && (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))) {
    call.report(call.value(sha256, { property: "sha256" }), {
      code: "bad-value",
      message: `${show(sha256)} is not a SHA-256 digest`,
      help: "write the 64 lower-case hex digits that `sha256sum` prints",
    });
    return null;
  }
  const change = fields["maxChangePercent"] ?? null;
  const bounds100 = { least: 0, most: CHANGE_MOST, whole: false, unit: "percent" };
  const maxChangePercent = change === null ? null : numberOf(change, "maxChangePercent", bounds100, call);
  if (change !== null && maxChangePercent === null) return null;
  return { minEntries, maxEntries, sha256, maxChangePercent };
}

const CHANGE_MOST = 10_000;

/** In prefixes, which is what a manifest says of a set. `before`: undefined where no bundle has the feed. */
function holdsChange(
  before: number | undefined,
  { addresses }: FeedContent,
  { maxChangePercent }: Guards,
  path: string,
  call: Call,
): boolean {
  if (before === undefined || maxChangePercent === null) return true;
  const { prefixes4, prefixes6 } = prefixCounts(addresses);
  const now = prefixes4 + prefixes6;
  if (Math.abs(now - before) * 100 <= maxChangePercent * before) return true;
  call.report(call.value(maxChangePercent, { property: "maxChangePercent" }), {
    code: "feed-guard",
    message: `feed \`${path}\` has ${count(now)} prefixes, ${count(Math.abs(now - before))} ${now < before ? "fewer" : "more"} than in the last build: \`maxChangePercent\` is ${maxChangePercent}`,
    help: "look at what changed in it; where it is right, raise the guard for one build",
  });
  return false;
}

function holds(
  key: string,
  bytes: Uint8Array,
  { entries }: FeedContent,
  { minEntries, maxEntries, sha256 }: Guards,
  path: string,
  call: Call,
): boolean {
  const code = "feed-guard";
  if (sha256 !== null) {
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (digest !== sha256) {
      call.report(call.value(sha256, { property: "sha256" }), {
        code,
        message: `feed \`${key}\` has the digest ${digest}, not the pinned one`,
        help: "look at what changed in it, then pin the new digest",
      });
      return false;
    }
  }
  if (entries >= minEntries && entries <= maxEntries) return true;
  const isShort = entries < minEntries;
  const property = isShort ? "minEntries" : "maxEntries";
  const bound = isShort ? minEntries : maxEntries;
  call.report(call.value(bound, { property }), {
    code,
    message: `feed \`${path}\` has ${count(entries)} entries, ${isShort ? "fewer" : "more"} than \`${property}\` ${count(bound)}`,
    help: "look whether the feed is whole; where it is, move the guard",
  });
  return false;
}
