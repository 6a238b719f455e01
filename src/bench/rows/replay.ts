// How many packets a second `piston replay` judges, in either engine: the time of a long capture less that of an empty one,
// so that the start of the process is not in it.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { udp } from "../../packet/helpers.ts";
import { dotted, random32 } from "../prefixes.ts";
import { middle } from "../timing.ts";
import { type BenchContext, type Figure, figure, type Row } from "../types.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const ENGINES = ["model", "kernel"] as const;
/** Different packets; they come again and again, 10 µs apart. */
const DISTINCT = 1000;

/** A pcap file (draft-ietf-opsawg-pcap), microseconds, Ethernet: queries and other UDP to the services of the sample site. */
function pcap(packets: number): Uint8Array {
  const random = random32(10);
  const frames = Array.from({ length: DISTINCT }, () =>
    udp({
      from: `${dotted(0x01000000 + (random() >>> 2))}:${1024 + (random() % 60_000)}`,
      to: `203.0.113.53:${random() % 2 === 0 ? 53 : random() % 65_536}`,
      payloadBytes: 20 + (random() % 200),
    }),
  );
  const chunks: Uint8Array[] = [];
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  chunks.push(header);
  for (let i = 0; i < packets; i++) {
    const frame = frames[i % DISTINCT]!;
    const record = Buffer.alloc(16);
    record.writeUInt32LE(1_700_000_000 + Math.floor(i / 100_000), 0);
    record.writeUInt32LE((i % 100_000) * 10, 4);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    chunks.push(record, frame);
  }
  return Buffer.concat(chunks);
}

function wallMs(capture: string, engine: string): number {
  const begun = performance.now();
  const result = spawnSync(join(ROOT, "bin/piston"), ["replay", "policies", capture, "--engine", engine], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error(`piston replay failed: ${result.stderr}`);
  return performance.now() - begun;
}

export const replay: Row = {
  name: "replay",
  title: "piston replay of a capture with the sample site",
  run: ({ scale, folder }: BenchContext) => {
    const long = join(folder, "long.pcap");
    const empty = join(folder, "empty.pcap");
    writeFileSync(long, pcap(scale.replayPackets));
    writeFileSync(empty, pcap(0));
    const figures = ENGINES.map((engine): Figure => {
      const times = { long: [] as number[], empty: [] as number[] };
      for (let round = 0; round < Math.ceil(scale.repeats / 2); round++) {
        times.empty.push(wallMs(empty, engine));
        times.long.push(wallMs(long, engine));
      }
      const seconds = Math.max(1, middle(times.long) - middle(times.empty)) / 1000;
      return figure(`${engine} engine`, scale.replayPackets / seconds, "packets/s", { atLeast: 300_000 });
    });
    return Promise.resolve({ figures });
  },
};
