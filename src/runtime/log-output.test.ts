import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LogOutput } from "./log-output.ts";

const lostLine = (lost: number) => `lost ${lost}\n`;

describe("the log's output", () => {
  it("loses lines and not the process where every write fails, and counts them", () => {
    const full = openSync("/dev/full", "w"); // ENOSPC at each write
    const output = new LogOutput(full, lostLine);
    for (let i = 0; i < 3; i++) output.write("a line\n");
    closeSync(full);
    output.write("EBADF is no better\n");
  });

  const canMount = process.platform === "linux" && process.getuid?.() === 0;
  if (!canMount) console.error("skipping the test with a full disk: not root on Linux");

  it.skipIf(!canMount)("says how many lines are missing when there is room again", () => {
    const disk = mkdtempSync(join(tmpdir(), "piston-log-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", disk]);
    try {
      const path = join(disk, "log");
      const fd = openSync(path, "a");
      const output = new LogOutput(fd, lostLine);
      output.write("first\n");
      expect(() => writeFileSync(join(disk, "ballast"), new Uint8Array(2 ** 20))).toThrow("ENOSPC");
      const line = `${"x".repeat(4095)}\n`; // more than is left of the page that the first line began
      output.write(line);
      output.write(line);
      rmSync(join(disk, "ballast"));
      output.write("last\n");
      closeSync(fd);
      const [first, torn, ...rest] = readFileSync(path, "utf8").split("\n");
      expect(first).toBe("first");
      expect(torn).toMatch(/^x*$/);
      expect(rest).toEqual(["lost 2", "last", ""]);
    } finally {
      execFileSync("umount", [disk]);
      rmdirSync(disk);
    }
  });
});
