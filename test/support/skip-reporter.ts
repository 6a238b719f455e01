// Names every test that was skipped, and fails the run for it where PISTON_NO_SKIP is set. Ends with the plain count.

import type { Reporter, TestModule } from "vitest/node";

export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state]++;
        if (state === "skipped") console.error(`skipped: ${module.moduleId}: ${test.fullName}`);
      }
    }
    if (count.skipped > 0 && process.env.PISTON_NO_SKIP) {
      console.error("PISTON_NO_SKIP is set: a skipped test fails the run");
      process.exitCode = 1;
    }
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}
