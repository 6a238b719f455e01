// pcap (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap.html) to packets: both byte orders, micro- and
// nanoseconds. A record has no mark by which a reader could find the next one again, so it ends at the first that is damaged.

import type { ByteReader } from "./byte-source.ts";
import { CaptureError, type Damage } from "./errors.ts";
import { framingOf } from "./link-type.ts";
import { CAPTURED_BYTES_MAX, type CaptureRecord } from "./record.ts";

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const NS_PER_SECOND = 1_000_000_000n;

/** Magic number, read as little-endian, to byte order and nanoseconds of the fraction's unit. */
const MAGICS: ReadonlyMap<number, { readonly littleEndian: boolean; readonly unitNs: bigint }> = new Map([
  [0xa1b2c3d4, { littleEndian: true, unitNs: 1000n }],
  [0xd4c3b2a1, { littleEndian: false, unitNs: 1000n }],
  [0xa1b23c4d, { littleEndian: true, unitNs: 1n }],
  [0x4d3cb2a1, { littleEndian: false, unitNs: 1n }],
]);

export function isPcap(magic: number): boolean {
  return MAGICS.has(magic);
}

/** Throws CaptureError where the link type cannot be judged. */
export function* readPcap(
  reader: ByteReader,
  tell: (damage: Damage) => void,
): Generator<CaptureRecord, void, void> {
  if (!reader.want(FILE_HEADER_BYTES))
    throw new CaptureError(
      "not-a-capture",
      `the pcap header is cut: ${reader.available} of ${FILE_HEADER_BYTES} bytes`,
      "record again",
    );
  const format = MAGICS.get(reader.view.getUint32(reader.at, true))!;
  const { littleEndian, unitNs } = format;
  // The upper 16 bits tell of a frame check sequence, which is padding to a parser.
  const framing = framingOf(reader.view.getUint32(reader.at + 20, littleEndian) & 0xffff, "pcap");
  reader.skip(FILE_HEADER_BYTES);
  const record: CaptureRecord = { framing, start: 0, capturedBytes: 0, originalBytes: 0, timeNs: 0n };

  for (;;) {
    const { offset } = reader;
    if (!reader.want(RECORD_HEADER_BYTES)) {
      if (reader.available > 0)
        tell({ offset, message: `the last record's header is cut: ${reader.available} of 16 bytes` });
      return;
    }
    const { view, at } = reader;
    const seconds = view.getUint32(at, littleEndian);
    const fraction = view.getUint32(at + 4, littleEndian);
    record.capturedBytes = view.getUint32(at + 8, littleEndian);
    record.originalBytes = view.getUint32(at + 12, littleEndian);
    if (record.capturedBytes > CAPTURED_BYTES_MAX) {
      tell({
        offset,
        message: `the record claims ${record.capturedBytes} bytes, no packet has more than ${CAPTURED_BYTES_MAX}; what follows cannot be read`,
      });
      return;
    }
    if (!reader.want(RECORD_HEADER_BYTES + record.capturedBytes)) {
      const there = reader.available - RECORD_HEADER_BYTES;
      tell({ offset, message: `the last record is cut: ${there} of ${record.capturedBytes} bytes` });
      return;
    }
    record.start = reader.at + RECORD_HEADER_BYTES;
    record.timeNs = BigInt(seconds) * NS_PER_SECOND + BigInt(fraction) * unitNs;
    yield record;
    reader.skip(RECORD_HEADER_BYTES + record.capturedBytes);
  }
}
