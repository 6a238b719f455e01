// What npm installs on each kind of node that an agent runs on, read from package-lock.json.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

interface Package {
  readonly version?: string;
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly libc?: string | readonly string[];
  readonly optional?: boolean;
}

const lock = JSON.parse(readFileSync(join(import.meta.dirname, "../../package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, Package>>;
};

/** Packages that hold programs for Linux with glibc on machines of this kind. */
const binaries = (cpu: string) =>
  Object.entries(lock.packages).filter(
    ([, entry]) =>
      [entry.os].flat().includes("linux") &&
      [entry.cpu].flat().includes(cpu) &&
      (entry.libc === undefined || [entry.libc].flat().includes("glibc")),
  );

describe("x86-64 and arm64", () => {
  test("get the same programs, of the same versions", () => {
    const of = (cpu: string) =>
      binaries(cpu).map(([path, { version }]) => `${path.replace(cpu, "CPU")} ${version}`);
    expect(of("x64")).toContainEqual(expect.stringMatching(/^node_modules\/node-linux-CPU 24\./));
    expect(of("arm64")).toEqual(of("x64"));
  });

  test("get only their own: the others' are optional", () => {
    for (const [path, { optional }] of [...binaries("x64"), ...binaries("arm64")])
      expect(optional, path).toBe(true);
  });
});
