// The two errors of the BPF addon: a system call that failed, and an addon that cannot be had at all.

/** What the addon knows of a failed call. */
export interface BpfFailure {
  readonly operation: string;
  readonly object: string;
  readonly errno: number;
  readonly code: string;
  readonly text: string;
  readonly detail: string;
  readonly log: string;
}

/** A BPF operation that the kernel, libbpf or the addon refused: `map update counters: EPERM (Operation not permitted)`. */
export class BpfError extends Error {
  override readonly name = "BpfError";
  /** Name of the errno: `EPERM`. A closed handle gives `EBADF`. */
  readonly code: string;
  /** The errno, a positive number. */
  readonly errno: number;
  /** `map update`, `object load`, … */
  readonly operation: string;
  /** Name, path or id of what it was done to. */
  readonly object: string;
  /** What libbpf and the verifier said; for a refused load the last 64 KiB, else mostly empty. */
  readonly log: string;

  constructor(failure: BpfFailure) {
    const { operation, object, code, text, detail, log } = failure;
    const reason = `${operation} ${object}: ${code} (${text})${detail === "" ? "" : `: ${detail}`}`;
    super(log === "" ? reason : `${reason}\n${tail(log, LOG_LINES)}`);
    this.code = code;
    this.errno = failure.errno;
    this.operation = operation;
    this.object = object;
    this.log = log;
  }
}

/** Lines of the log that the message carries: a verifier names its reason in the last few. */
const LOG_LINES = 12;

function tail(text: string, lines: number): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/** The addon is not there or cannot be loaded: another system than Linux, not built, libbpf not installed. */
export class BpfUnavailableError extends Error {
  override readonly name = "BpfUnavailableError";
  readonly code = "BPF_UNAVAILABLE";
}
