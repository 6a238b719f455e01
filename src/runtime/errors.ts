// What the agent says when something fails: what it was doing, to what, the errno name, which generation serves on, and
// what to do next. Faults of a bundle and of the kernel become one of these before they reach a log line.

export interface FaultDetails {
  /** Stable, kebab-case. */
  readonly code: string;
  /** What was being done: `attach`, `load program`, `prove`. */
  readonly operation: string;
  /** What it was done to: a path, an interface, a section. */
  readonly object: string;
  readonly message: string;
  /** The next step. */
  readonly help: string;
  /** `EBUSY` and the like; null where no system call failed. */
  readonly errno?: string | null;
  readonly cause?: unknown;
}

export class RuntimeFault extends Error {
  readonly code: string;
  readonly operation: string;
  readonly object: string;
  readonly help: string;
  readonly errno: string | null;

  constructor(details: FaultDetails) {
    super(details.message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "RuntimeFault";
    this.code = details.code;
    this.operation = details.operation;
    this.object = details.object;
    this.help = details.help;
    this.errno = details.errno ?? errnoOf(details.cause);
  }
}

/** A bundle that must not serve. `part` is the part that is wrong: `header`, `section rules`, `witness edge/ssh`. */
export class BundleRefused extends RuntimeFault {
  readonly part: string;

  constructor(part: string, details: FaultDetails) {
    super(details);
    this.name = "BundleRefused";
    this.part = part;
  }
}

/** The errno name of a system error, of Node or of the addon. */
export function errnoOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  for (const key of ["errno", "errnoName", "code"] as const) {
    const value = (error as Record<string, unknown>)[key];
    if (typeof value === "string" && /^E[A-Z0-9]+$/.test(value)) return value;
  }
  return null;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Fields of a fault for a log line. */
export function describeFault(error: unknown): Record<string, string | null> {
  if (error instanceof RuntimeFault) {
    return {
      code: error.code,
      operation: error.operation,
      object: error.object,
      errno: error.errno,
      message: error.message,
      help: error.help,
    };
  }
  return { errno: errnoOf(error), message: messageOf(error) };
}
