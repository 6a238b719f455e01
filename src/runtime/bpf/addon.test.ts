// What happens where the addon is not: another system, not built, not loadable. And the system calls beside BPF.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bpfUnavailable, isBpffs, ktimeNs, mountBpffs, possibleCpus, probeFeatures } from "./index.ts";
import { describeKernel } from "./testdata/kernel.ts";

describe("without its addon", () => {
  let root: string;
  let wrapper: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "piston-addon-"));
    wrapper = join(root, "src/runtime/bpf");
    mkdirSync(wrapper, { recursive: true });
    cpSync(fileURLToPath(new URL(".", import.meta.url)), wrapper, { recursive: true });
    writeFileSync(join(root, "package.json"), '{"type":"module"}');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  /** The error of the first use in a tree of its own, as JSON; the import has succeeded then. */
  function firstUse(before = ""): { name: string; code: string; message: string; unavailable: string } {
    const script = `
      const bpf = await import(${JSON.stringify(join(wrapper, "index.ts"))});
      ${before}
      try { bpf.possibleCpus(); } catch ({ name, code, message }) {
        console.log(JSON.stringify({ name, code, message, unavailable: bpf.bpfUnavailable().message }));
      }`;
    return JSON.parse(
      execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }),
    );
  }

  test("it can be imported, and says how to build it at the first use", () => {
    const error = firstUse();
    expect(error).toMatchObject({ name: "BpfUnavailableError", code: "BPF_UNAVAILABLE" });
    expect(error.message).toMatch(/^the BPF addon is not built: run `npm run setup`, or node-gyp rebuild/);
    expect(error.message).not.toContain("\n");
    expect(error.unavailable).toBe(error.message);
  });

  test("it names Linux on another system", () => {
    expect(firstUse('Object.defineProperty(process, "platform", { value: "darwin" });').message).toMatch(
      /^BPF needs Linux, this is darwin: /,
    );
  });

  test("the package's tree finds that of the agent in it", () => {
    mkdirSync(join(root, "src/agent"));
    writeFileSync(join(root, "src/agent/piston_bpf.node"), "not a library");
    expect(firstUse().message).toMatch(/^the BPF addon cannot be loaded: .*\/src\/agent\/piston_bpf\.node/);
    rmSync(join(root, "src/agent"), { recursive: true });
  });

  test("it says what is wrong with an addon that does not load", () => {
    writeFileSync(join(wrapper, "piston_bpf.node"), "not a library");
    expect(firstUse().message).toMatch(
      /^the BPF addon cannot be loaded: .*piston_bpf\.node.*: build it again/,
    );
  });
});

describeKernel("the system", () => {
  test("has every feature that the program needs, each found by a trial", () => {
    const found = probeFeatures();
    expect(Object.keys(found)).toEqual(
      expect.arrayContaining(["ring-buffer", "compare-and-swap", "xdp-link"]),
    );
    expect(Object.entries(found).filter(([, errno]) => errno !== 0)).toEqual([]);
  });

  test("is told to be usable", () => {
    expect(bpfUnavailable()).toBeNull();
  });

  test("has as many possible CPUs as the kernel writes", () => {
    const [first, last] = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim().split("-");
    expect(possibleCpus()).toBe(last === undefined ? 1 : Number(last) - Number(first) + 1);
  });

  test("has the kernel's monotonic clock", () => {
    const before = process.hrtime.bigint();
    const now = ktimeNs();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(process.hrtime.bigint());
  });

  test("tells bpffs from other file systems, and mounts one", () => {
    expect(isBpffs("/sys/fs/bpf")).toBe(true);
    expect(isBpffs("/tmp")).toBe(false);
    expect(isBpffs("/nowhere/at/all")).toBe(false);
    const directory = mkdtempSync(join(tmpdir(), "piston-bpffs-"));
    try {
      mountBpffs(directory);
      expect(isBpffs(directory)).toBe(true);
      execFileSync("umount", [directory]);
      expect(isBpffs(directory)).toBe(false);
    } finally {
      rmSync(directory, { recursive: true });
    }
    expect(() => mountBpffs(directory)).toThrow(
      expect.objectContaining({ code: "ENOENT", operation: "bpffs mount" }),
    );
  });
});
