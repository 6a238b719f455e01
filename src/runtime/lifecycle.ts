// An ordered list of steps to a started or a stopped agent: each step has a name, a deadline and a log line. A step that
// hangs is cut off at its deadline and named. Start-up ends at the first step that fails; shutdown goes on to the last.

import { setTimeout as after } from "node:timers/promises";
import { describeFault, messageOf, RuntimeFault } from "./errors.ts";
import type { Logger } from "./log.ts";

export interface Step {
  readonly name: string;
  readonly run: () => void | Promise<void>;
  /** Work that does not leave the event loop cannot be cut off; it is named when it ends. */
  readonly timeoutMs: number;
}

/** Throws what a step throws, RuntimeFault `start-timeout` where one hangs, and `start-interrupted` after `signal`. */
export async function startUp(steps: readonly Step[], logger: Logger, signal?: AbortSignal): Promise<void> {
  for (const [index, step] of steps.entries()) {
    if (signal?.aborted) throw interrupted(step);
    const begun = performance.now();
    if ((await withDeadline(step.run, step.timeoutMs)) === "hangs") throw hangs(step);
    const fields = { event: "start-step", step: step.name, number: index + 1, durationMs: since(begun) };
    logger.info(fields, `start ${index + 1}/${steps.length}: ${step.name}`);
  }
}

/** Never rejects: what fails or hangs is said, and the next step has its turn. `deadlineMs`: for all steps together. */
export async function shutDown(steps: readonly Step[], deadlineMs: number, logger: Logger): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (const [index, step] of steps.entries()) {
    const begun = performance.now();
    const fields = { event: "stop-step", step: step.name, number: index + 1 };
    const line = `stop ${index + 1}/${steps.length}: ${step.name}`;
    // Even when the time is up a step may do what needs no waiting: unpinned things are closed by the kernel anyway.
    const timeoutMs = Math.max(0, Math.min(step.timeoutMs, deadline - begun));
    try {
      const outcome = await withDeadline(step.run, timeoutMs);
      const durationMs = since(begun);
      if (outcome === "done") logger.info({ ...fields, durationMs }, line);
      else
        logger.error(
          { ...fields, durationMs, code: "step-cut-off" },
          `${line}: cut off after ${durationMs} ms`,
        );
    } catch (error) {
      const fault = describeFault(error);
      logger.error({ ...fault, ...fields, durationMs: since(begun) }, `${line}: failed: ${messageOf(error)}`);
    }
  }
}

async function withDeadline(run: Step["run"], timeoutMs: number): Promise<"done" | "hangs"> {
  const cancel = new AbortController();
  const work = Promise.resolve().then(run);
  work.catch(() => {}); // after its deadline nobody waits for how it ends
  try {
    const timer = after(timeoutMs, "hangs" as const, { signal: cancel.signal });
    timer.catch(() => {});
    return await Promise.race([work.then(() => "done" as const), timer]);
  } finally {
    cancel.abort();
  }
}

function since(begun: number): number {
  return Math.round((performance.now() - begun) * 10) / 10;
}

function hangs(step: Step): RuntimeFault {
  return new RuntimeFault({
    code: "start-timeout",
    operation: "start",
    object: step.name,
    message: `the start-up step "${step.name}" has not ended after ${step.timeoutMs} ms`,
    help: "see the lines before it, and whether the disk, the network file system or the kernel that it waits for answers",
  });
}

function interrupted(step: Step): RuntimeFault {
  return new RuntimeFault({
    code: "start-interrupted",
    operation: "start",
    object: step.name,
    message: `a signal ended the start-up before the step "${step.name}"`,
    help: "start the agent again; what was pinned before filters on",
  });
}
