// Kernel tests run where the kernel lets them: as root, on Linux, with the addon and the XDP object built. Elsewhere they
// are skipped, and the reason is printed (PISTON_NO_SKIP makes that a failure).

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

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
