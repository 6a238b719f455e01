// Sets of class numbers as bits in 32-bit words. Both sides of an operation have the same length.

export type Mask = Readonly<Uint32Array>;

export function emptyMask(size: number): Uint32Array {
  return new Uint32Array(Math.max(1, Math.ceil(size / 32)));
}

export function fullMask(size: number): Mask {
  const mask = emptyMask(size);
  for (let bit = 0; bit < size; bit++) setBit(mask, bit);
  return mask;
}

export function setBit(mask: Uint32Array, bit: number): void {
  mask[bit >>> 5] = mask[bit >>> 5]! | (1 << (bit & 31));
}

export function hasBit(mask: Mask, bit: number): boolean {
  return ((mask[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
}

export function isZero(mask: Mask): boolean {
  for (let word = 0; word < mask.length; word++) if (mask[word] !== 0) return false;
  return true;
}

export function and(a: Mask, b: Mask): Mask {
  const result = new Uint32Array(a.length);
  for (let word = 0; word < result.length; word++) result[word] = a[word]! & b[word]!;
  return result;
}

export function or(a: Mask, b: Mask): Mask {
  const result = new Uint32Array(a.length);
  for (let word = 0; word < result.length; word++) result[word] = a[word]! | b[word]!;
  return result;
}

export function andNot(a: Mask, b: Mask): Mask {
  const result = new Uint32Array(a.length);
  for (let word = 0; word < result.length; word++) result[word] = a[word]! & ~b[word]!;
  return result;
}

export function overlaps(a: Mask, b: Mask): boolean {
  for (let word = 0; word < a.length; word++) if ((a[word]! & b[word]!) !== 0) return true;
  return false;
}

/** The lowest bit of both; -1 where there is none. */
export function firstCommon(a: Mask, b: Mask): number {
  for (let word = 0; word < a.length; word++) {
    const bits = a[word]! & b[word]!;
    if (bits !== 0) return word * 32 + 31 - Math.clz32(bits & -bits);
  }
  return -1;
}

export function isSubset(a: Mask, b: Mask): boolean {
  for (let word = 0; word < a.length; word++) if ((a[word]! & ~b[word]!) !== 0) return false;
  return true;
}

/** The lowest bit at or above `from`; -1 where there is none. */
export function nextBit(mask: Mask, from: number): number {
  let word = from >>> 5;
  if (word >= mask.length) return -1;
  let bits = (mask[word]! >>> (from & 31)) << (from & 31);
  while (bits === 0) {
    if (++word >= mask.length) return -1;
    bits = mask[word]!;
  }
  return word * 32 + 31 - Math.clz32(bits & -bits);
}
