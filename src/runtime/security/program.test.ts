// Objects that are not the agent's, by clang, against the checks that come before the kernel's own.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeKernel } from "../../../test/support/kernel.ts";
import { sha256Hex } from "../../bundle/digest.ts";
import { BpfObject, probeHelper, probeMapType } from "../bpf/index.ts";
import { defaultObjectPath } from "../kernel/generation.ts";
import { judgeProgram, type ProgramRules } from "./program.ts";

const SOURCE = fileURLToPath(new URL("testdata/strange.bpf.c", import.meta.url));
const RULES: ProgramRules = { pinned: null, allowOther: true, memoryLimitBytes: 2 ** 30 };

function compile(...definitions: string[]): Uint8Array {
  const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
  const flags = ["-O2", "-g", "-target", "bpf", include, ...definitions.map((name) => `-D${name}`)];
  return execFileSync("clang", [...flags, "-c", SOURCE, "-o", "-"], { maxBuffer: 1 << 24 });
}

describeKernel("an XDP object", () => {
  it("of the right shape is taken, and the agent's own is", () => {
    expect(judgeProgram(compile(), RULES).level).toBe("ok");
    expect(judgeProgram(readFileSync(defaultObjectPath()), RULES).level).toBe("ok");
  });

  it.each([
    ["with a program of another type", ["SOCKET"], "has a program of type socket_filter, piston_filter"],
    ["with a map of another type", ["STACK"], "has a map of type stack, strange"],
    ["with maps above the limit", ["HUGE"], `asks for ${2 ** 31} bytes of maps`],
    ["with a mebibyte of code", ["LONG"], "bytes of code in piston_filter; fewer than 1048576 are allowed"],
  ])("%s is refused", (_, definitions, message) => {
    expect(judgeProgram(compile(...definitions), RULES)).toMatchObject({
      level: "error",
      message: expect.stringContaining(message),
      help: expect.stringContaining("install the agent anew"),
    });
  });

  it("that is no ELF file is refused", () => {
    const message = expect.stringContaining("cannot be parsed");
    expect(judgeProgram(Buffer.from("not an object"), RULES)).toMatchObject({ level: "error", message });
  });

  it("is the pinned one, or is refused, or is allowed in plain words; a checkout warns", () => {
    const elf = compile();
    const pinned = sha256Hex(elf);
    const level = (rules: Partial<ProgramRules>) =>
      judgeProgram(elf, { ...RULES, allowOther: false, ...rules }).level;
    expect(level({ pinned })).toBe("ok");
    expect(level({ pinned: pinned.replace(/.$/, (last) => (last === "0" ? "1" : "0")) })).toBe("error");
    expect(level({ pinned: "0".repeat(64), allowOther: true })).toBe("ok");
    expect(level({ pinned: null })).toBe("warning");
  });

  it("names its helpers, which the kernel is then asked for", () => {
    using object = BpfObject.open(readFileSync(defaultObjectPath()), "piston");
    const [program] = object.programs();
    expect(program).toMatchObject({ name: "piston_filter", type: "xdp" });
    const names = program!.helpers.map((helper) => helper.name);
    expect(names).toEqual(expect.arrayContaining(["bpf_map_lookup_elem", "bpf_ktime_get_ns"]));
    for (const { id } of program!.helpers) expect(probeHelper(id)).toBe(0);
    expect(probeHelper(3000)).toBe(22); // EINVAL
    expect(probeMapType("array")).toBe(0);
    expect(probeMapType("no_such_type")).toBe(22);
  });
});
