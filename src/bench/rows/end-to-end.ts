// Packets a second over a veth, one core doing all of it: live frames of a test-run are redirected into one end, and the
// XDP program of the other end drops them, or nftables does. Every source is listed.

import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createNamespaces, type Namespaces } from "../../lab/namespaces.ts";
import { inNetworkNamespace } from "../../lab/own-namespace.ts";
import { BpfError, type BpfProgram, interfaceIndex, XdpLink } from "../../runtime/bpf/index.ts";
import { loadNftSet, nftMissing } from "../nft.ts";
import { Rig, toLines } from "../object.ts";
import { FRAME4 } from "../packets.ts";
import { networkOrder, sources4 } from "../prefixes.ts";
import { middle } from "../timing.ts";
import { fillTrie4 } from "../trie.ts";
import { type BenchContext, type Figure, figure, type Row, type Scale } from "../types.ts";

const BATCH_FRAMES = 64;
const ATTEMPTS = 16;
const FIRST_FRAMES = 20_000;

export const endToEnd: Row = {
  name: "end-to-end",
  title: "veth, one core, every packet dropped by the million-prefix set",
  run: ({ scale, folder, inputs, progress }: BenchContext) => {
    const { prefixes, bundle } = inputs.v4(scale.manyPrefixes);
    const feed = toLines(networkOrder(sources4(prefixes, scale.sources, 1)));
    const maxEntries = { bench_trie4: prefixes.firsts.length };
    using rig = new Rig({ bundle, feed, feedEntries: scale.sources, maxEntries });
    fillTrie4(rig.map("bench_trie4"), prefixes);
    const namespaces = createNamespaces("piston-bench");
    const pinned = pinToOneCore();
    try {
      const programs: Record<string, BpfProgram> = {
        drop: rig.program("bench_drop"),
        ours: rig.program("piston_filter"),
        trie: rig.program("bench_filter_lpm"),
      };
      const missing: string[] = pinned
        ? []
        : ["taskset did not work: the receiver may have run on another core"];
      let nftMs: number | null = null;
      const noNft = nftMissing();
      if (noNft) missing.push(noNft);
      else {
        progress("nft loads the prefixes");
        const place = join(folder, "nft");
        mkdirSync(place, { recursive: true });
        nftMs = loadNftSet(prefixes, {
          namespace: namespaces.edge,
          interface: namespaces.interface,
          folder: place,
        });
        programs["nft"] = rig.program("bench_pass");
      }
      progress("frames over the veth");
      const rates = ratesOf(rig, namespaces, programs, scale);
      return Promise.resolve({ figures: figuresOf(rates, nftMs), missing });
    } finally {
      if (pinned) unpin(pinned);
      namespaces.close();
    }
  },
};

/** Packets a second that each program of the receiving end has taken, in turn. */
function ratesOf(
  rig: Rig,
  namespaces: Namespaces,
  programs: Readonly<Record<string, BpfProgram>>,
  scale: Scale,
): Record<string, number> {
  const names = Object.keys(programs);
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  const sender = rig.program("source4_redirect");
  const ifindexOf = (path: string) =>
    inNetworkNamespace(path, () => interfaceIndex(namespaces.interface) ?? 0);
  const [edge, world] = [ifindexOf(namespaces.edge), ifindexOf(namespaces.world)];
  using link = inNetworkNamespace(namespaces.edge, () => XdpLink.attach(programs["drop"]!, edge, "native"));
  rig.clear(world);
  const frames = Object.fromEntries(names.map((name) => [name, FIRST_FRAMES]));
  for (let round = -1; round < scale.longRounds.count; round++) {
    for (const name of names) {
      link.update(programs[name]!);
      const rate = rateOnce(sender, namespaces, frames[name]!);
      // The first round warms up, and shows how many frames fill a round.
      if (round < 0) frames[name] = Math.ceil((rate * scale.longRounds.ms) / 1000);
      else rates[name]!.push(rate);
    }
  }
  return Object.fromEntries(names.map((name) => [name, middle(rates[name]!)]));
}

/** Sends `frames` and gives the frames a second that were taken. A signal breaks a run off: it is begun again. */
function rateOnce(sender: BpfProgram, namespaces: Namespaces, frames: number): number {
  for (let attempt = 1; ; attempt++) {
    const before = received(namespaces);
    try {
      const ns = inNetworkNamespace(namespaces.world, () =>
        sender.testRunLive(FRAME4, { repeat: frames, batchFrames: BATCH_FRAMES }),
      );
      return (((received(namespaces) - before) / frames) * 1e9) / ns;
    } catch (error) {
      if (!(error instanceof BpfError) || error.code !== "EINTR" || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Frames that the receiving end has taken from its ring. */
function received({ edge, interface: name }: Namespaces): number {
  const text = inNetworkNamespace(edge, () => readFileSync("/proc/thread-self/net/dev", "utf8"));
  const packets = new RegExp(`^\\s*${name}:\\s*\\d+\\s+(\\d+)`, "m").exec(text)?.[1];
  assert(packets, `${name} is not in /proc/net/dev`);
  return Number(packets);
}

function figuresOf(rates: Record<string, number>, nftMs: number | null): Figure[] {
  const { drop = 0, ours = 0, trie = 0, nft } = rates;
  return [
    figure("drop-only", drop / 1e6, "Mpps"),
    figure("piston", ours / 1e6, "Mpps"),
    figure("LPM trie", trie / 1e6, "Mpps"),
    ...(nft === undefined ? [] : [figure("nftables netdev set", nft / 1e6, "Mpps")]),
    figure("piston / drop-only", ours / drop, "×", { atLeast: 0.6 }),
    figure("piston / trie", ours / trie, "×", { atLeast: 8 }),
    ...(nft === undefined ? [] : [figure("piston / nftables", ours / nft, "×", { atLeast: 10 })]),
    ...(nftMs === null ? [] : [figure("nft -f of the prefixes", nftMs, "ms")]),
  ];
}

/** Keeps this thread, and with it the veth's other end, on one core. The cores that it had; null where it cannot be. */
function pinToOneCore(): string | null {
  try {
    const had = taskset("-pc", String(process.pid)).split(":").at(-1)!.trim();
    taskset("-pc", had.split(/[-,]/)[0]!, String(process.pid));
    return had;
  } catch {
    return null;
  }
}

function unpin(cores: string): void {
  taskset("-pc", cores, String(process.pid));
}

function taskset(...args: string[]): string {
  return execFileSync("taskset", args, { encoding: "utf8" });
}
