// `10m` to seconds.

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** null where the text is no duration: a number and one of s, m, h, d, once or several times (`1h30m`). */
export function parseDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?[smhd])+$/.test(text)) return null;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g))
    seconds += Number(number) * UNITS[unit!]!;
  return seconds > 0 ? seconds : null;
}

/** `1 h 30 m`, the two greatest units. */
export function formatDuration(seconds: number): string {
  let left = Math.max(1, Math.round(seconds));
  const parts: string[] = [];
  for (const [unit, size] of Object.entries(UNITS).sort(([, a], [, b]) => b - a)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}
