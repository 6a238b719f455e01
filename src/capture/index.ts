// A capture file to batches of frames with their times: pcap and pcapng, streaming. What is damaged is named with its
// offset; what can be read is given out. Frames are those of the file: one that was cut by a snap length stays cut.

import { ByteReader, type ByteSource } from "./byte-source.ts";
import { CaptureClock } from "./clock.ts";
import { CaptureError, type Damage } from "./errors.ts";
import { headerBytes, writeHeader } from "./link-type.ts";
import { isPcap, readPcap } from "./pcap.ts";
import { readPcapng, SECTION_HEADER } from "./pcapng.ts";
import { CAPTURED_BYTES_MAX, type CaptureRecord } from "./record.ts";

export { type ByteSource, fromBytes, openFile } from "./byte-source.ts";
export { CaptureError, type CaptureErrorCode, type Damage } from "./errors.ts";

/** Frames side by side, in the order of the capture. */
export interface PacketBatch {
  /** Index in the capture of the first one, from 0. */
  readonly first: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  /** Frame i is `bytes[offsets[i], offsets[i + 1])`: one more than there are frames. */
  readonly offsets: Uint32Array;
  /** Since the capture's first packet: CaptureClock. */
  readonly timesNs: BigUint64Array;
}

/** Damage is listed up to so many times; all of it is counted. */
const DAMAGES_LISTED = 20;
const BATCH_PACKETS = 8192;
const BATCH_BYTES = 4 << 20;

export class Capture {
  readonly #reader: ByteReader;
  readonly #damages: Damage[] = [];
  #damageCount = 0;
  #packets = 0;
  #cutPackets = 0;
  #firstNs: bigint | null = null;
  #lastNs = 0n;
  readonly format: "pcap" | "pcapng";

  /** Throws CaptureError where it is neither pcap nor pcapng. */
  constructor(source: ByteSource) {
    this.#reader = new ByteReader(source);
    this.format = formatOf(this.#reader);
  }

  /** Packets given out so far. */
  get packets(): number {
    return this.#packets;
  }

  /** Packets of which the capture holds less than was on the wire. */
  get cutPackets(): number {
    return this.#cutPackets;
  }

  /** The first ones; damageCount is all of them. */
  get damages(): readonly Damage[] {
    return this.#damages;
  }

  get damageCount(): number {
    return this.#damageCount;
  }

  get readBytes(): number {
    return this.#reader.offset;
  }

  get totalBytes(): number | null {
    return this.#reader.totalBytes;
  }

  /** From the first packet to the last. */
  get durationNs(): bigint {
    return this.#firstNs === null ? 0n : this.#lastNs - this.#firstNs;
  }

  /** Once only. A batch holds until the next one is asked for. Throws CaptureError, after what was readable before it. */
  *batches(): Generator<PacketBatch, void, void> {
    const bytes = new Uint8Array(BATCH_BYTES + CAPTURED_BYTES_MAX);
    const offsets = new Uint32Array(BATCH_PACKETS + 1);
    const timesNs = new BigUint64Array(BATCH_PACKETS);
    const clock = new CaptureClock();
    let count = 0;
    const take = (): PacketBatch => {
      const batch = {
        first: this.#packets - count,
        count,
        bytes: bytes.subarray(0, offsets[count]),
        offsets: offsets.subarray(0, count + 1),
        timesNs: timesNs.subarray(0, count),
      };
      count = 0;
      return batch;
    };
    let failure: unknown = null;
    try {
      for (const record of this.#records()) {
        const at = offsets[count]!;
        const header = headerBytes(record.framing);
        bytes.set(
          this.#reader.bytes.subarray(record.start, record.start + record.capturedBytes),
          at + header,
        );
        writeHeader(record.framing, bytes, at, record.capturedBytes);
        timesNs[count] = clock.relative(record.timeNs);
        offsets[++count] = at + header + record.capturedBytes;
        this.#account(record);
        if (count === BATCH_PACKETS || offsets[count]! >= BATCH_BYTES) yield take();
      }
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      failure = error;
    }
    if (count > 0) yield take();
    if (failure) throw failure;
  }

  #records(): Generator<CaptureRecord, void, void> {
    const tell = (damage: Damage) => {
      this.#damageCount++;
      if (this.#damages.length < DAMAGES_LISTED) this.#damages.push(damage);
    };
    return this.format === "pcap" ? readPcap(this.#reader, tell) : readPcapng(this.#reader, tell);
  }

  #account(record: CaptureRecord): void {
    this.#packets++;
    if (record.capturedBytes < record.originalBytes) this.#cutPackets++;
    this.#firstNs ??= record.timeNs;
    this.#lastNs = record.timeNs;
  }
}

function formatOf(reader: ByteReader): "pcap" | "pcapng" {
  const refuse = (
    what: string,
    help = "piston replay reads pcap and pcapng, as tcpdump -w and Wireshark write them",
  ) => new CaptureError("not-a-capture", what, help);
  if (!reader.want(4))
    throw refuse(reader.available === 0 ? "the capture is empty" : "the file is too short for a capture");
  const magic = reader.view.getUint32(reader.at, true);
  if (isPcap(magic)) return "pcap";
  if (magic === SECTION_HEADER) return "pcapng";
  if ((magic & 0xffff) === 0x8b1f)
    throw refuse("the capture is compressed with gzip", "gunzip -c CAPTURE | piston replay POLICY -");
  if (magic === 0xfd2fb528)
    throw refuse("the capture is compressed with zstd", "zstd -dc CAPTURE | piston replay POLICY -");
  throw refuse("the file is neither pcap nor pcapng");
}
