import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^pistonprotection\/testing$/, replacement: path("src/testing/index.ts") },
      { find: /^pistonprotection$/, replacement: path("src/policy/index.ts") },
    ],
  },
  test: {
    pool: "forks",
    // Vitest leaves a core free, and of two that is half the machine. Three: while one waits for traffic or a process, two compute.
    maxWorkers: 3,
    globalSetup: ["test/support/leftovers.ts"],
    setupFiles: ["test/support/seed.ts"],
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "policies/**/*.test.ts"],
    // Type tests stand inside tsconfig's include, so `npm run check` sees them as well.
    typecheck: { enabled: false },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
