// Why a bundle is refused: a stable code, the part of the file that is wrong, what is wrong, and how to mend it.

export type BundleErrorCode =
  // the file
  | "not-a-bundle"
  | "unsupported-format"
  | "unsupported-abi"
  | "truncated"
  | "trailing-bytes"
  | "bad-digest"
  | "bad-padding"
  | "bad-manifest"
  | "inconsistent"
  // the signature
  | "unsigned"
  | "bad-envelope"
  | "bad-key"
  | "untrusted-key"
  | "bad-signature"
  | "wrong-digest"
  | "wrong-fleet"
  // the way that it came
  | "no-bundle"
  | "unreadable"
  | "too-large"
  | "bad-index"
  | "torn";

export class BundleError extends Error {
  readonly code: BundleErrorCode;
  /** `header`, `manifest`, `section rules`, `padding after section rules`, `end of file`, `signature`, `shard shard-000`. */
  readonly part: string;
  readonly help: string;

  constructor(code: BundleErrorCode, part: string, what: string, help: string) {
    super(`${part}: ${what}`);
    this.name = "BundleError";
    this.code = code;
    this.part = part;
    this.help = help;
  }
}

/** Tables whose digests fit, and that do not fit each other or the program. */
export function inconsistent(part: string, what: string): BundleError {
  const help = "the compiler that made it is at fault: compile the bundle again with the agent's version";
  return new BundleError("inconsistent", part, what, help);
}
