// A screen that is drawn again and again. On a terminal in its alternate screen, each picture in one write over the one
// before, so that nothing flickers, and what was there before comes back at the end, however that comes. Elsewhere one block
// after the other.

export interface WatchOptions {
  readonly intervalMs: number;
  /** End after so many pictures; null: when somebody ends it. */
  readonly count: number | null;
  /** Pictures are lines of data: never on the alternate screen. */
  readonly json?: boolean;
  /** The next picture, for this size; null: not a terminal. */
  readonly draw: (size: Size | null) => Promise<readonly string[]>;
  readonly output?: NodeJS.WriteStream;
  readonly input?: NodeJS.ReadStream;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const ESC = "\u001b[";
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l`; // alternate screen, no cursor, no line wrap
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
/** Drawn as a whole where the terminal knows how (DEC mode 2026); others pass it over. */
const BEGIN = `${ESC}?2026h${ESC}H`;
const END = `${ESC}J${ESC}?2026l`;
const KEYS_THAT_END = new Set(["q", "Q", "\u0003", "\u0004", "\u001b"]);

/** Resolves when it was ended by a key, SIGINT, SIGTERM or SIGHUP, or after `count` pictures. */
export async function watch(options: WatchOptions): Promise<void> {
  const { output = process.stdout, input = process.stdin, intervalMs, count, draw, json = false } = options;
  const terminal = output.isTTY && !json ? output : null;
  const ended = new AbortController();
  let wake = () => {};
  const end = () => {
    ended.abort();
    wake();
  };
  const onKey = (key: string) => {
    if (KEYS_THAT_END.has(key)) end();
  };
  const onResize = () => wake();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, end);
  if (terminal) {
    terminal.write(ENTER);
    terminal.on("resize", onResize);
    if (input.isTTY) {
      input.setRawMode(true);
      input.setEncoding("utf8");
      input.on("data", onKey);
    }
  }
  try {
    for (let shown = 0; !ended.signal.aborted; ) {
      const lines = await draw(sizeOf(terminal));
      if (ended.signal.aborted) return;
      if (terminal) {
        const { rows } = sizeOf(terminal)!;
        // No line end after the last row: it would scroll.
        terminal.write(
          `${BEGIN}${lines
            .slice(0, rows)
            .map((line) => `${line}${ESC}K`)
            .join("\r\n")}${END}`,
        );
      } else output.write(`${shown > 0 && !json ? "\n" : ""}${lines.join("\n")}\n`);
      if (++shown === count) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, intervalMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (ended.signal.aborted) wake();
      });
    }
  } finally {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.removeListener(signal, end);
    if (terminal) {
      terminal.off("resize", onResize);
      if (input.isTTY) {
        input.off("data", onKey);
        input.setRawMode(false);
        input.pause();
      }
      terminal.write(LEAVE);
    }
  }
}

/** A terminal that does not say how large it is has the size that terminals had. */
function sizeOf(terminal: NodeJS.WriteStream | null): Size | null {
  if (!terminal) return null;
  return { columns: terminal.columns || 80, rows: terminal.rows || 24 };
}
