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
    // Of two cores, Vitest would leave one free. Three workers: while one waits for a process, two compute.
    maxWorkers: 3,
    globalSetup: ["test/support/leftovers.ts"],
    setupFiles: ["test/support/seed.ts"],
    // A worker for each file costs its start and its imports: the compiler's files share theirs. What has to do with processes
    // and the kernel gets its own.
    projects: [
      {
        extends: true,
        test: { name: "shared", include: ["src/*.test.ts", "src/!(runtime)/**/*.test.ts"], isolate: false },
      },
      {
        extends: true,
        test: { name: "apart", include: ["src/runtime/**/*.test.ts", "{test,policies}/**/*.test.ts"] },
      },
    ],
    // Type tests stand inside tsconfig's include, so `npm run check` sees them as well.
    typecheck: { enabled: false },
    // What is waited for is waited for by itself. These only end what never comes, on a machine as slow as they get: a case that
    // takes twenty seconds by itself takes a minute beside others, and three where a host lends its CPUs to somebody else.
    testTimeout: 600_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
