// A run that was killed, and the next one.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { expect, it } from "vitest";
import { describeKernel } from "../support/kernel.ts";
import { removeLeftovers } from "../support/leftovers.ts";

const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });

describeKernel("what a killed run left behind", () => {
  it("is taken away with its processes; what a living run has stays", async () => {
    const { pid: dead } = spawnSync("true");
    const left = `piston-test-left-${dead}-edge`;
    const alive = `piston-test-left-${process.pid}-edge`;
    const pins = (name: string) => `/sys/fs/bpf/${name}`;
    for (const name of [left, alive]) {
      ip("netns", "add", name);
      mkdirSync(`${pins(name)}/tables`, { recursive: true });
    }
    const map = `${pins(left)}/tables/map`;
    execFileSync("bpftool", `map create ${map} type array key 4 value 4 entries 1 name left`.split(" "));
    const agent = spawn("nsenter", [`--net=/run/netns/${left}`, "sleep", "60"], { stdio: "ignore" });
    const ended = once(agent, "exit");
    try {
      await expect.poll(() => ip("netns", "pids", left).trim()).toBe(String(agent.pid));
      removeLeftovers();
      expect((await ended)[1]).toBe("SIGKILL");
      const names = ip("netns", "list");
      expect(names).not.toContain(left);
      expect(names).toContain(alive);
      expect([existsSync(pins(left)), existsSync(pins(alive))]).toEqual([false, true]);
    } finally {
      agent.kill("SIGKILL");
      ip("netns", "delete", alive);
      rmSync(pins(alive), { recursive: true });
    }
  });
});
