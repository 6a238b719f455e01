// pcapng (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng.html) to packets: sections of either byte order,
// interfaces with their time resolution and offset, enhanced, simple and the old packet blocks. Other blocks are skipped.
// A block whose two lengths differ ends the reading: nothing says where the next one begins.

import type { ByteReader } from "./byte-source.ts";
import type { Damage } from "./errors.ts";
import { type Framing, framingOf } from "./link-type.ts";
import { CAPTURED_BYTES_MAX, type CaptureRecord } from "./record.ts";

export const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const OLD_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

const BLOCK_BYTES_MIN = 12;
/** Of a block that is read and not skipped: a packet with options of its own, or an interface with many. */
const READ_BLOCK_BYTES_MAX = CAPTURED_BYTES_MAX + (1 << 20);

const OPTION_END = 0;
const OPTION_RESOLUTION = 9;
const OPTION_OFFSET = 14;

interface Interface {
  readonly linkType: number;
  readonly snapBytes: number;
  /** A time of the file to nanoseconds. */
  readonly toNs: (units: bigint) => bigint;
}

/** A block whose body, without the two lengths and the type, stands in the window. */
interface Body {
  readonly view: DataView;
  /** Index in the window. */
  readonly at: number;
  readonly bytes: number;
  readonly littleEndian: boolean;
  readonly offset: number;
}

/** Throws CaptureError at the first packet of an interface whose link type cannot be judged. */
export function* readPcapng(
  reader: ByteReader,
  tell: (damage: Damage) => void,
): Generator<CaptureRecord, void, void> {
  let littleEndian = true;
  let interfaces: Interface[] = [];
  const record: CaptureRecord = {
    framing: "ethernet",
    start: 0,
    capturedBytes: 0,
    originalBytes: 0,
    timeNs: 0n,
  };

  for (;;) {
    const { offset } = reader;
    if (!reader.want(BLOCK_BYTES_MIN)) {
      if (reader.available > 0)
        tell({ offset, message: `the last block is cut: ${reader.available} of at least 12 bytes` });
      return;
    }
    const isSection = reader.view.getUint32(reader.at, true) === SECTION_HEADER;
    if (isSection) {
      const order = sectionOrder(reader);
      if (order === null) {
        tell({ offset, message: "the section has no byte-order magic; what follows cannot be read" });
        return;
      }
      littleEndian = order;
      interfaces = [];
    }
    const type = reader.view.getUint32(reader.at, littleEndian);
    const length = reader.view.getUint32(reader.at + 4, littleEndian);
    if (length < (isSection ? 28 : BLOCK_BYTES_MIN) || length % 4 !== 0) {
      tell({ offset, message: `a block cannot have ${length} bytes; what follows cannot be read` });
      return;
    }
    const wanted = isSection || isRead(type);
    if (!wanted) {
      if (reader.skip(length)) continue;
      tell({ offset, message: `the last block is cut: it claims ${length} bytes` });
      return;
    }
    if (length > READ_BLOCK_BYTES_MAX) {
      tell({
        offset,
        message: `the block claims ${length} bytes, more than any packet takes; what follows cannot be read`,
      });
      return;
    }
    if (!reader.want(length)) {
      tell({ offset, message: `the last block is cut: ${reader.available} of ${length} bytes` });
      return;
    }
    const { view, at } = reader;
    const repeated = view.getUint32(at + length - 4, littleEndian);
    if (repeated !== length) {
      tell({
        offset,
        message: `the block's two lengths are ${length} and ${repeated}; what follows cannot be read`,
      });
      return;
    }
    const body: Body = { view, at: at + 8, bytes: length - BLOCK_BYTES_MIN, littleEndian, offset };
    const fault = isSection
      ? sectionFault(body)
      : type === INTERFACE_DESCRIPTION
        ? describe(body, interfaces)
        : packetOf(type, body, interfaces, record);
    if (fault !== null) tell({ offset, message: fault });
    else if (!isSection && type !== INTERFACE_DESCRIPTION) yield record;
    reader.skip(length);
  }
}

function isRead(type: number): boolean {
  return (
    type === INTERFACE_DESCRIPTION ||
    type === OLD_PACKET ||
    type === SIMPLE_PACKET ||
    type === ENHANCED_PACKET
  );
}

/** True: little-endian. null: neither. The section's type reads the same in both orders. */
function sectionOrder(reader: ByteReader): boolean | null {
  if (reader.view.getUint32(reader.at + 8, true) === BYTE_ORDER_MAGIC) return true;
  return reader.view.getUint32(reader.at + 8, false) === BYTE_ORDER_MAGIC ? false : null;
}

function sectionFault({ view, at, littleEndian }: Body): string | null {
  const major = view.getUint16(at + 4, littleEndian);
  return major === 1 ? null : `the section is of pcapng version ${major}; it is read as version 1`;
}

// ---- Interfaces --------------------------------------------------------------------------------------------------------

function describe(body: Body, interfaces: Interface[]): string | null {
  const { view, at, bytes, littleEndian } = body;
  if (bytes < 8) return `an interface description of ${bytes} bytes; it has 8 at least`;
  const { resolution, offsetSeconds } = timeOptions(body);
  interfaces.push({
    linkType: view.getUint16(at, littleEndian),
    snapBytes: view.getUint32(at + 4, littleEndian),
    toNs: nanoseconds(resolution, offsetSeconds),
  });
  return null;
}

/** if_tsresol and if_tsoffset; an option that reaches beyond the block ends the list. */
function timeOptions({ view, at, bytes, littleEndian }: Body): { resolution: number; offsetSeconds: bigint } {
  const end = at + bytes;
  let resolution = 6;
  let offsetSeconds = 0n;
  for (let option = at + 8; option + 4 <= end; ) {
    const code = view.getUint16(option, littleEndian);
    const length = view.getUint16(option + 2, littleEndian);
    const value = option + 4;
    if (code === OPTION_END || value + length > end) break;
    if (code === OPTION_RESOLUTION && length >= 1) resolution = view.getUint8(value);
    if (code === OPTION_OFFSET && length >= 8) offsetSeconds = view.getBigInt64(value, littleEndian);
    option = value + Math.ceil(length / 4) * 4;
  }
  return { resolution, offsetSeconds };
}

const NS_PER_SECOND = 1_000_000_000n;

/** `resolution`: negative power of 10, or of 2 where the highest bit is set. Rounded down. */
function nanoseconds(resolution: number, offsetSeconds: bigint): (units: bigint) => bigint {
  const offset = offsetSeconds * NS_PER_SECOND;
  const exponent = resolution & 0x7f;
  if (resolution & 0x80) {
    const shift = BigInt(exponent);
    return (units) => ((units * NS_PER_SECOND) >> shift) + offset;
  }
  if (exponent <= 9) {
    const factor = 10n ** BigInt(9 - exponent);
    return (units) => units * factor + offset;
  }
  const divisor = 10n ** BigInt(exponent - 9);
  return (units) => units / divisor + offset;
}

// ---- Packets -----------------------------------------------------------------------------------------------------------

/** Fills the record, or says why the block is no packet. A simple packet has no time: it has that of the packet before. */
function packetOf(
  type: number,
  body: Body,
  interfaces: readonly Interface[],
  record: CaptureRecord,
): string | null {
  const { view, at, bytes, littleEndian } = body;
  const headerBytes = type === SIMPLE_PACKET ? 4 : 20;
  if (bytes < headerBytes) return `a packet block of ${bytes} bytes; its header has ${headerBytes}`;
  const number =
    type === SIMPLE_PACKET
      ? 0
      : type === OLD_PACKET
        ? view.getUint16(at, littleEndian)
        : view.getUint32(at, littleEndian);
  const found = interfaces[number];
  if (!found) return `a packet of interface ${number}, which the section does not describe`;
  const room = bytes - headerBytes;
  if (type === SIMPLE_PACKET) {
    const originalBytes = view.getUint32(at, littleEndian);
    const snapped = found.snapBytes > 0 ? Math.min(originalBytes, found.snapBytes) : originalBytes;
    if (snapped > room && found.snapBytes === 0)
      return `a packet of ${originalBytes} bytes in a block with room for ${room}`;
    record.originalBytes = originalBytes;
    record.capturedBytes = Math.min(snapped, room);
  } else {
    const capturedBytes = view.getUint32(at + 12, littleEndian);
    if (capturedBytes > room) return `a packet of ${capturedBytes} bytes in a block with room for ${room}`;
    record.capturedBytes = capturedBytes;
    record.originalBytes = view.getUint32(at + 16, littleEndian);
    const high = view.getUint32(at + 4, littleEndian);
    const low = view.getUint32(at + 8, littleEndian);
    record.timeNs = found.toNs((BigInt(high) << 32n) | BigInt(low));
  }
  if (record.capturedBytes > CAPTURED_BYTES_MAX) return `a packet of ${record.capturedBytes} bytes`;
  record.framing = framing(found.linkType, number);
  record.start = at + headerBytes;
  return null;
}

function framing(linkType: number, number: number): Framing {
  return framingOf(linkType, `pcapng, interface ${number}`);
}
