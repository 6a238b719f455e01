// Work that may fail for reasons outside this process, to the same work done again later: exponential back-off with
// jitter, so that a thousand agents that lost the same server do not come back in the same second.

import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf } from "./errors.ts";

export interface BackoffOptions {
  /** Delay before the second attempt. */
  readonly initialMs: number;
  /** No delay is longer. */
  readonly maxMs: number;
  /** Each delay is so many times the one before. */
  readonly multiplier: number;
  /** 0 to 1: up to this share is taken off each delay, at random. Off and not on, so that maxMs holds and jitter does too. */
  readonly jitter: number;
  /** 0 to 1, below 1; Math.random where it is not given. */
  readonly random?: () => number;
}

/** What the hardening document recommends. */
export const DEFAULT_BACKOFF: BackoffOptions = { initialMs: 1000, maxMs: 30_000, multiplier: 2, jitter: 0.1 };

/** Delays one after the other, for whatever loops by itself. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;

  constructor(options: BackoffOptions = DEFAULT_BACKOFF) {
    this.#options = options;
  }

  /** Delays given since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const { initialMs, maxMs, multiplier, jitter, random = Math.random } = this.#options;
    const grown = initialMs * multiplier ** this.#attempts;
    this.#attempts++;
    return Math.min(grown, maxMs) * (1 - jitter * random());
  }

  /** After a success: the next delay is the first again. */
  reset(): void {
    this.#attempts = 0;
  }
}

export interface RetryOptions extends BackoffOptions {
  /** Ends the waiting; the promise rejects with its reason. Work that has begun sees the signal by itself. */
  readonly signal?: AbortSignal;
  /** In all; without a limit where it is not given. */
  readonly attempts?: number;
  /** False: the error is final. isTransient where it is not given. */
  readonly again?: (error: unknown) => boolean;
  /** Before each wait. `attempt` counts from 1. */
  readonly onFailure?: (error: unknown, attempt: number, delayMs: number) => void;
}

/** Does the work until it succeeds. Rejects with the work's last error, or with the signal's reason. */
export async function retry<T>(
  work: (attempt: number) => T | Promise<T>,
  options: RetryOptions = DEFAULT_BACKOFF,
): Promise<T> {
  const { signal, attempts = Number.POSITIVE_INFINITY, again = isTransient, onFailure } = options;
  const backoff = new Backoff(options);
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt >= attempts || !again(error)) throw error;
      const delayMs = backoff.next();
      onFailure?.(error, attempt, delayMs);
      await wait(delayMs, signal);
    }
  }
}

/** Rejects with the signal's own reason, where the timer's rejection would be an AbortError that hides it. */
async function wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/**
 * Errnos that say nothing against a second attempt: something was full, slow or away. Not EBUSY and ENODEV: another's
 * program on the interface, and an interface that is not there, need a hand.
 */
const TRANSIENT: ReadonlySet<string> = new Set(
  [
    "EAGAIN EINTR ENOMEM ENOSPC EDQUOT EMFILE ENFILE ENOBUFS EIO ESTALE",
    "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT EADDRINUSE EADDRNOTAVAIL",
    "ENETDOWN ENETUNREACH EHOSTDOWN EHOSTUNREACH",
    "EAI_AGAIN ENOTFOUND", // names that do not resolve: getaddrinfo's own codes
  ].flatMap((line) => line.split(" ")),
);

/** Whether the errno of an error, or of what caused it, may be gone at the next attempt. */
export function isTransient(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    const errno = errnoOf(at) ?? (at as NodeJS.ErrnoException).code;
    if (errno !== undefined && errno !== null) return TRANSIENT.has(errno);
  }
  return false;
}
