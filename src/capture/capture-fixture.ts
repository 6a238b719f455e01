// Captures made for tests: packets to the bytes of a pcap or pcapng file, each field in the test's hand.

export interface WrittenPacket {
  readonly bytes: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint;
  /** On the wire; as many as `bytes` has where it is missing. */
  readonly originalBytes?: number;
  /** pcapng: `enhanced` where it is missing. */
  readonly block?: "enhanced" | "simple" | "old";
  /** pcapng: index in `interfaces`. */
  readonly interface?: number;
}

export interface PcapOptions {
  readonly littleEndian?: boolean;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
}

export function writePcap(
  packets: readonly WrittenPacket[],
  { littleEndian = true, nanoseconds = false, linkType = 1 }: PcapOptions = {},
): Uint8Array {
  const out = new Writer(littleEndian);
  out.u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);
  out.u16(2).u16(4).u32(0).u32(0).u32(262_144).u32(linkType);
  for (const { bytes, timeNs, originalBytes = bytes.length } of packets) {
    const fraction = timeNs % 1_000_000_000n;
    out.u32(Number(timeNs / 1_000_000_000n)).u32(Number(nanoseconds ? fraction : fraction / 1000n));
    out.u32(bytes.length).u32(originalBytes).raw(bytes);
  }
  return out.take();
}

export interface PcapngOptions {
  readonly littleEndian?: boolean;
  readonly interfaces?: readonly {
    readonly linkType?: number;
    readonly snapBytes?: number;
    /** if_tsresol: 6 where it is missing, 0x80 | n for 2^-n. */
    readonly resolution?: number;
    /** if_tsoffset. */
    readonly offsetSeconds?: bigint;
  }[];
  /** Blocks that a reader does not know, between the packets. */
  readonly unknownBlocks?: boolean;
}

export function writePcapng(
  packets: readonly WrittenPacket[],
  { littleEndian = true, interfaces = [{}], unknownBlocks = false }: PcapngOptions = {},
): Uint8Array {
  const out = new Writer(littleEndian);
  const block = (type: number, body: (to: Writer) => void) => {
    const inner = new Writer(littleEndian);
    body(inner);
    const bytes = inner.take();
    const padded = Math.ceil(bytes.length / 4) * 4;
    out
      .u32(type)
      .u32(padded + 12)
      .raw(bytes)
      .raw(new Uint8Array(padded - bytes.length))
      .u32(padded + 12);
  };
  block(0x0a0d0d0a, (to) => to.u32(0x1a2b3c4d).u16(1).u16(0).u64(0xffff_ffff_ffff_ffffn));
  for (const { linkType = 1, snapBytes = 0, resolution, offsetSeconds } of interfaces)
    block(1, (to) => {
      to.u16(linkType).u16(0).u32(snapBytes);
      if (resolution !== undefined)
        to.u16(9)
          .u16(1)
          .raw(Uint8Array.of(resolution, 0, 0, 0));
      if (offsetSeconds !== undefined) to.u16(14).u16(8).u64(BigInt.asUintN(64, offsetSeconds));
      if (resolution !== undefined || offsetSeconds !== undefined) to.u16(0).u16(0);
    });
  for (const packet of packets) {
    const {
      bytes,
      timeNs,
      originalBytes = bytes.length,
      block: kind = "enhanced",
      interface: on = 0,
    } = packet;
    if (unknownBlocks) block(0x0bad, (to) => to.raw(Uint8Array.of(1, 2, 3)));
    const { resolution = 6, offsetSeconds = 0n } = interfaces[on] ?? {};
    const units = toUnits(timeNs - offsetSeconds * 1_000_000_000n, resolution);
    const time = (to: Writer) => to.u32(Number(units >> 32n)).u32(Number(units & 0xffff_ffffn));
    if (kind === "simple") block(3, (to) => to.u32(originalBytes).raw(bytes));
    else
      block(kind === "old" ? 2 : 6, (to) => {
        if (kind === "old") to.u16(on).u16(0);
        else to.u32(on);
        time(to).u32(bytes.length).u32(originalBytes).raw(bytes);
      });
  }
  return out.take();
}

function toUnits(ns: bigint, resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f);
  const perSecond = resolution & 0x80 ? 1n << exponent : 10n ** exponent;
  return (ns * perSecond) / 1_000_000_000n;
}

class Writer {
  readonly #parts: Uint8Array[] = [];
  readonly #littleEndian: boolean;

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  u16(value: number): this {
    return this.#number(2, (view) => view.setUint16(0, value, this.#littleEndian));
  }

  u32(value: number): this {
    return this.#number(4, (view) => view.setUint32(0, value >>> 0, this.#littleEndian));
  }

  u64(value: bigint): this {
    return this.#number(8, (view) => view.setBigUint64(0, value, this.#littleEndian));
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    return this;
  }

  take(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }

  #number(bytes: number, write: (view: DataView) => void): this {
    const view = new DataView(new ArrayBuffer(bytes));
    write(view);
    return this.raw(new Uint8Array(view.buffer));
  }
}
