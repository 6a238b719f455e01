// Pieces of text with a tone to lines of a terminal: cut to its width, coloured where it has colours.

export type Tone = "good" | "warn" | "bad" | "title" | "quiet";

export interface Piece {
  readonly text: string;
  readonly tone?: Tone;
}
export type Line = readonly Piece[];

const CODES: Readonly<Record<Tone, string>> = {
  good: "\u001b[32m",
  warn: "\u001b[33m",
  bad: "\u001b[1;31m",
  title: "\u001b[1m",
  quiet: "\u001b[2m",
};
const PLAIN = "\u001b[0m";

/** Control characters: text from elsewhere must not steer the terminal. */
const CONTROL = /\p{Cc}+/gu;

/** @param columns null: as long as it is. */
export function renderLine(line: Line, columns: number | null, colour: boolean): string {
  let room = columns ?? Number.POSITIVE_INFINITY;
  const whole = line.map(({ text, tone }) => ({ text: text.replaceAll(CONTROL, " "), tone }));
  const length = whole.reduce((sum, { text }) => sum + text.length, 0);
  const cut = length > room;
  if (cut) room -= 1; // for the mark
  let result = "";
  for (const { text, tone } of whole) {
    const shown = text.slice(0, room);
    room -= shown.length;
    if (shown !== "") result += colour && tone ? `${CODES[tone]}${shown}${PLAIN}` : shown;
  }
  return (cut ? `${result}…` : result).trimEnd();
}

/** Columns of numbers stand to the right, others to the left; the first is as wide as there is room. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | null,
): Line[] {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const fixed = widths.slice(1).reduce((sum, width) => sum + 2 + width, 0);
  const first = columns === null ? widths[0]! : Math.max(8, Math.min(widths[0]!, columns - fixed));
  const isNumeric = header.map((_, i) => rows.every((row) => /^[\d–<]/.test(row[i] ?? "")));
  const cells = (row: readonly string[]) =>
    row
      .map((cell, i) => {
        if (i > 0) return isNumeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
        return (cell.length > first ? `${cell.slice(0, first - 1)}…` : cell).padEnd(first);
      })
      .join("  ");
  return [[{ text: cells(header), tone: "title" }], ...rows.map((row): Line => [{ text: cells(row) }])];
}

/** Lines that belong together. */
export interface Section {
  /** Who goes last when there is little room: 0. */
  readonly rank: number;
  readonly lines: readonly Line[];
  /** Of a table: shown with so many lines at least, or not at all. */
  readonly least?: number;
}

/** In the order of the sections, with a blank line between them where there is room for all; cut to `rows` lines. */
export function layOut(sections: readonly Section[], rows: number | null): Line[] {
  const full = sections.filter(({ lines }) => lines.length > 0);
  const total = full.reduce((sum, { lines }) => sum + lines.length, 0);
  const spaced = rows === null || total + full.length - 1 <= rows;
  if (spaced) return full.flatMap(({ lines }, i) => (i === 0 ? lines : [[], ...lines]));
  let room = rows;
  const shares = new Map<Section, number>();
  for (const section of full.toSorted((a, b) => a.rank - b.rank)) {
    const share = Math.min(section.lines.length, room);
    if (share < (section.least ?? 1)) continue;
    shares.set(section, share);
    room -= share;
  }
  return full.flatMap((section) => section.lines.slice(0, shares.get(section) ?? 0));
}
