// Must show: a flood of packets that are all dropped and sampled, in short. `npm run flood -- --seconds 60` is the long one.

import { expect, it } from "vitest";
import { describeKernel, hasLiveFrames } from "../support/kernel.ts";
import { runFlood } from "./flood.ts";

describeKernel("an agent in a flood", () => {
  it.runIf(hasLiveFrames)("keeps its limits, its counts, and the truth about itself", async () => {
    const checks = await runFlood({ seconds: 4 });
    expect(checks.filter(({ holds }) => !holds)).toEqual([]);
    expect(checks.length).toBeGreaterThanOrEqual(8);
  });
});
