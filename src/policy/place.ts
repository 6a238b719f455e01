// The stack of a running call to the place in the policy file that made it. The stack's text is read, not V8's call
// sites: under a test runner or `--enable-source-maps` only the text is mapped back to the file that the author wrote.

import { fileURLToPath } from "node:url";
import type { SourceLocation } from "./types.ts";

/** What a value gets whose maker's place cannot be told (a stack without files, as in `eval`). */
export const UNKNOWN_PLACE: SourceLocation = Object.freeze({ file: "<unknown>", line: 1, column: 1 });

/**
 * Where the running call of `callee` stands: absolute path, and line and column of the call, counted from 1.
 * `callee` must be on the stack; it and everything that it called are left out. Never throws.
 */
export function calledFrom(callee: (...args: never[]) => unknown): SourceLocation {
  const limit = Error.stackTraceLimit;
  const holder: { stack?: unknown } = {};
  Error.stackTraceLimit = 1; // the caller's frame is the only one wanted
  try {
    Error.captureStackTrace(holder, callee);
    return placeOfFrame(typeof holder.stack === "string" ? holder.stack : "");
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** The first frame of a stack's text that names a file, line and column. */
export function placeOfFrame(stack: string): SourceLocation {
  for (const text of stack.split("\n")) {
    const frame = /^\s+at (?<where>.*):(?<line>\d+):(?<column>\d+)\)?$/.exec(text)?.groups;
    if (!frame) continue;
    const file = fileOf(frame["where"] ?? "");
    if (file !== null)
      return Object.freeze({ file, line: Number(frame["line"]), column: Number(frame["column"]) });
  }
  return UNKNOWN_PLACE;
}

/** `Object.run (file:///a/b.ts?generation=2` to `/a/b.ts`; null for Node's own modules. */
function fileOf(where: string): string | null {
  const url = where.indexOf("file://");
  if (url >= 0) return fileURLToPath(where.slice(url).replace(/[?#].*$/, ""));
  const path = /(?:^|[( ])(?<path>(?:\/|[A-Za-z]:[\\/]).*)$/.exec(where)?.groups?.["path"];
  return path ?? null;
}
