// Images of tables back to answers, the way the XDP program looks them up: for tests, and for people who doubt.

import {
  ADDRESS6_RANGE,
  DIMENSION_SOURCE,
  FIELD_COUNT,
  FIELD_DOMAINS,
  type SectionName,
} from "../../bundle/abi.ts";
import { decodeConfig } from "../../bundle/consistency.ts";
import type { Family } from "../../ir/prefix.ts";

/** A field's value, null where the packet has none; or an address. */
export type DimensionValue = number | null | { readonly family: Family; readonly value: bigint };

export type Images = ReadonlyMap<SectionName, Uint8Array>;

/** The class of a value in a dimension. Null where the dimension is not looked up. */
export function classify(images: Images, dimension: number, value: DimensionValue): number | null {
  const config = decodeConfig(images);
  if (((config.dimensionMask >>> dimension) & 1) === 0) return null;
  if (dimension < FIELD_COUNT) {
    const label = typeof value === "number" ? value : FIELD_DOMAINS[dimension]!;
    return view(images, "fields").getUint16(2 * (config.fieldBase[dimension]! + label), true);
  }
  if (value === null || typeof value === "number") throw new TypeError("this dimension takes an address");
  const side = dimension - DIMENSION_SOURCE;
  const { present, uniformClass } = config.address[side]![value.family === 4 ? 0 : 1]!;
  if (present === 0) return uniformClass;
  const name = side === 0 ? "source" : "destination";
  const chunk = Number(value.value >> BigInt(value.family === 4 ? 16 : 112));
  const root = view(images, `${name}${value.family}_root`);
  const start = root.getUint32(8 * chunk, true);
  const count = root.getUint32(8 * chunk + 4, true);
  if (count === 0) return start;
  const ranges = view(images, `${name}${value.family}_ranges`);
  const range = value.family === 4 ? range4 : range6;
  let low = start;
  let high = start + count; // the last range whose first address is not above the value
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (range(ranges, middle).first <= (value.family === 4 ? value.value & 0xffffn : value.value))
      low = middle;
    else high = middle;
  }
  return range(ranges, low).label;
}

function range4(ranges: DataView, index: number) {
  const range = ranges.getUint32(4 * index, true);
  return { first: BigInt(range >>> 16), label: range & 0xffff };
}

function range6(ranges: DataView, index: number) {
  const at = index * ADDRESS6_RANGE.bytes;
  const high = ranges.getBigUint64(at + ADDRESS6_RANGE.firstHigh, true);
  const low = ranges.getBigUint64(at + ADDRESS6_RANGE.firstLow, true);
  return { first: (high << 64n) | low, label: ranges.getUint32(at + ADDRESS6_RANGE.classIndex, true) };
}

/** The rules that a class leaves in question, ascending, read through the summary word where there is one. */
export function rulesOfClass(images: Images, dimension: number, classIndex: number): readonly number[] {
  const config = decodeConfig(images);
  const vectors = view(images, "vectors");
  const row = config.rowBase[dimension]! + classIndex * config.rowStride;
  const word = (at: number) => vectors.getBigUint64(8 * at, true);
  if (config.rowStride === 1) return bits(word(row));
  return bits(word(row)).flatMap((w) => bits(word(row + 1 + w)).map((bit) => 64 * w + bit));
}

function bits(word: bigint): number[] {
  const found: number[] = [];
  for (let bit = 0; bit < 64; bit++) if ((word >> BigInt(bit)) & 1n) found.push(bit);
  return found;
}

function view(images: Images, name: SectionName): DataView {
  const image = images.get(name);
  if (!image) throw new Error(`section ${name} is missing`);
  return new DataView(image.buffer, image.byteOffset, image.byteLength);
}
