// A file with a bearer token to who may ask. The token is compared in constant time, and read again when its file changes;
// a file that cannot be read, or is empty, leaves the old token in force. Before the first good reading nobody may ask.

import { createHash, timingSafeEqual } from "node:crypto";
import { messageOf } from "../errors.ts";
import { WatchedFiles } from "./watched-file.ts";

/** Shorter ones can be guessed. */
const LEAST_CHARACTERS = 16;

export class TokenFile {
  readonly path: string;
  readonly #file: WatchedFiles;
  #digest: Buffer | null = null;
  #fault: string | null = null;

  constructor(path: string) {
    this.path = path;
    this.#file = new WatchedFiles([path]);
    this.#read();
  }

  /** Why the file's newest content is not in force; null where it is. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Whether a request with this Authorization header may pass. */
  allows(authorization: string | undefined): boolean {
    this.#read();
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    if (given === undefined || this.#digest === null) return false;
    // Of digests: both are of one length, whatever the lengths of the tokens are.
    return timingSafeEqual(digestOf(given), this.#digest);
  }

  #read(): void {
    try {
      const change = this.#file.changed();
      if (change === null) return;
      const token = change.contents[0]!.toString("utf8").trim();
      if (token.length < LEAST_CHARACTERS || /\s/.test(token)) {
        this.#fault = `${this.path} holds no token: one word of ${LEAST_CHARACTERS} characters or more`;
        return;
      }
      this.#digest = digestOf(token);
      this.#fault = null;
    } catch (error) {
      this.#file.forget(); // what comes back may be the same file
      this.#fault = messageOf(error);
    }
  }
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
