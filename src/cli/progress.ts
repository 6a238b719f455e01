// How far a capture has been judged: on a terminal only, on standard error.

import type { Capture } from "../capture/index.ts";

const EVERY_MS = 200;

export interface Progress {
  show(): void;
  /** Takes the line away. */
  end(): void;
}

export function createProgress(capture: Capture, stream: NodeJS.WriteStream = process.stderr): Progress {
  const begun = performance.now();
  let shownAt = begun;
  let shown = false;
  return {
    show() {
      const now = performance.now();
      if (!stream.isTTY || now - shownAt < EVERY_MS) return;
      shownAt = now;
      shown = true;
      const { packets, readBytes, totalBytes } = capture;
      const part = totalBytes ? `${Math.floor((100 * readBytes) / totalBytes)} %, ` : "";
      const rate = Math.round(packets / ((now - begun) / 1000));
      stream.write(`\r\u001b[K${part}${group(packets)} packets, ${group(rate)} a second`);
    },
    end() {
      if (shown) stream.write("\r\u001b[K");
    },
  };
}

function group(count: number): string {
  return count.toLocaleString("en-US");
}
