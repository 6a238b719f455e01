// `piston` in this process: what it prints and the code that it would end with. A process of its own takes half a second of CPU to
// start; tests of the command line as a program start one all the same.

import { vi } from "vitest";
import { exitCodeOf } from "../../src/cli/command-line.ts";
import { COMMANDS } from "../../src/cli/commands.ts";

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One at a time: whatever this process prints meanwhile is taken for the command's. */
export async function pistonHere(...args: string[]): Promise<Ended> {
  const taken = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      taken[name] += typeof text === "string" ? text : Buffer.from(text).toString();
      return true;
    }),
  );
  try {
    return { status: await exitCodeOf(COMMANDS, args), ...taken };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
