// A file that is no capture, or one that cannot be judged: what, where, how to mend, and a stable code.

export type CaptureErrorCode = "not-a-capture" | "link-type" | "unreadable";

export class CaptureError extends Error {
  readonly code: CaptureErrorCode;
  readonly help: string;

  constructor(code: CaptureErrorCode, message: string, help: string) {
    super(message);
    this.name = "CaptureError";
    this.code = code;
    this.help = help;
  }
}

/** What is wrong with a capture that was readable up to there, or beside it. */
export interface Damage {
  /** In bytes from the start of the file, of the record or block. */
  readonly offset: number;
  readonly message: string;
}
