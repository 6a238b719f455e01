// Kernel tests run where the kernel lets them: as root, on Linux, with the addon and the XDP object built. Elsewhere they
// are skipped, and the reason is printed (PISTON_NO_SKIP makes that a failure).

import { existsSync } from "node:fs";
import { release } from "node:os";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { isOlder, parseRelease } from "../../src/runtime/security/kernel-release.ts";

const file = (relative: string) => existsSync(fileURLToPath(new URL(`../../${relative}`, import.meta.url)));

function whyNot(): string | null {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "not root";
  if (!file("addon/build/Release/piston_bpf.node")) return "the addon is not built (npm run setup)";
  if (!file("build/filter.bpf.o")) return "the XDP object is not built (npm run setup)";
  return null;
}

/** null where kernel tests can run. */
export const kernelSkipReason: string | null = whyNot();

if (kernelSkipReason !== null) console.error(`skipping kernel tests: ${kernelSkipReason}`);

/** `describe` for tests that need the kernel. */
export const describeKernel = describe.skipIf(kernelSkipReason !== null);

/** Only the bench, the flood and their tests send frames by a test-run, which came with 5.18: the agent needs 5.15. */
export const hasLiveFrames = !isOlder(parseRelease(release()) ?? { major: 0, minor: 0, patch: 0 }, {
  major: 5,
  minor: 18,
});

if (kernelSkipReason === null && !hasLiveFrames)
  console.error(`skipping tests with live frames: kernel ${release()} is older than 5.18`);
