// The kernel's release, and what it can do, found by doing it.

import { release } from "node:os";
import { BpfObject, type ProbedFeatures, probeFeatures, probeHelper, probeMapType } from "../bpf/index.ts";
import { error, type Finding, ok, warning } from "./finding.ts";
import type { Host } from "./host.ts";
import { isOlder, LEAST_KERNEL, parseRelease } from "./kernel-release.ts";

export interface FeatureReport {
  /** Names of those that are not there. */
  readonly missing: readonly string[];
  /** An errno of a probe that permissions may explain; null where every probe could be made. */
  readonly denied: string | null;
}

/** Errnos that say "you may not", and nothing of the kernel. */
const DENIED: ReadonlyMap<number, string> = new Map([
  [1, "EPERM"],
  [13, "EACCES"],
]);

/** What each feature is, and since which kernel mainline has it. */
const FEATURES: Readonly<Record<keyof ProbedFeatures, { readonly what: string; readonly help: string }>> = {
  bpf: { what: "the bpf() system call", help: "a kernel with CONFIG_BPF_SYSCALL=y" },
  "map-freeze": { what: "frozen maps", help: "kernel 5.2 or newer" },
  "mmapable-arrays": {
    what: "arrays that can be mapped into memory (BPF_F_MMAPABLE)",
    help: "kernel 5.5 or newer",
  },
  "ring-buffer": { what: "BPF ring buffers", help: "kernel 5.8 or newer" },
  xdp: { what: "XDP programs", help: "a kernel with CONFIG_BPF_SYSCALL=y and CONFIG_NET=y" },
  "compare-and-swap": {
    what: "atomic compare-and-swap in BPF programs",
    help: "kernel 5.12 or newer, on arm64 5.18 or newer",
  },
  "test-run": { what: "BPF_PROG_TEST_RUN", help: "a kernel with CONFIG_NET=y, 4.12 or newer" },
  "test-run-metadata": { what: "BPF_PROG_TEST_RUN with packet metadata", help: "kernel 5.15 or newer" },
  "xdp-link": { what: "bpf_link for XDP", help: "kernel 5.9 or newer" },
};

/** Probes once; a kernel does not change while it runs. `elf`: the object whose helpers and map types are asked for. */
export function probeKernel(elf: Uint8Array): FeatureReport & { readonly remedies: readonly string[] } {
  const missing: string[] = [];
  const remedies: string[] = [];
  let denied: string | null = null;
  const judge = (errno: number | undefined, what: string, help: string) => {
    if (errno === undefined || errno === 0) return;
    const text = DENIED.get(errno);
    if (text !== undefined) denied ??= text;
    else {
      missing.push(what);
      remedies.push(help);
    }
  };
  const probed = probeFeatures();
  for (const [name, errno] of Object.entries(probed) as [keyof ProbedFeatures, number][])
    judge(errno, FEATURES[name].what, FEATURES[name].help);
  // Without programs at all the rest would only repeat it.
  if (missing.length === 0 && denied === null) {
    using object = BpfObject.open(elf, "piston");
    const helpers = new Map(
      object.programs().flatMap((program) => program.helpers.map(({ id, name }) => [id, name])),
    );
    for (const [id, name] of helpers) judge(probeHelper(id), `the helper ${name}()`, "kernel 5.15 or newer");
    for (const type of new Set(object.maps().map((map) => map.type)))
      judge(probeMapType(type), `maps of type ${type}`, "kernel 5.15 or newer");
  }
  return { missing, remedies, denied };
}

/** A vendor's older kernel may have every feature ported back: then the number alone is only worth a warning. */
export function judgeKernel(
  text: string,
  features: FeatureReport & { readonly remedies: readonly string[] },
): Finding {
  const found = parseRelease(text);
  const least = `${LEAST_KERNEL.major}.${LEAST_KERNEL.minor}`;
  if (features.missing.length > 0) {
    const what = features.missing.join(", ");
    return error(
      "kernel",
      `kernel ${text} lacks ${what}`,
      `needed: ${[...new Set(features.remedies)].join("; ")}`,
    );
  }
  if (!found)
    return warning(
      "kernel",
      `"${text}" is no kernel release that can be compared`,
      `${least} or newer is needed`,
    );
  if (isOlder(found, LEAST_KERNEL)) {
    const message = `kernel ${text} is older than ${least}, though it has every feature that was probed`;
    return warning("kernel", message, `run kernel ${least} or newer; older ones are not tested`);
  }
  return ok("kernel", `kernel ${text}`);
}

export function kernelRelease(): string {
  return release();
}

export function judgeJit(host: Host): Finding {
  if (host.read("/proc/sys/net/core/bpf_jit_enable") !== "0") return ok("jit", "BPF programs are compiled");
  const help = "sysctl -w net.core.bpf_jit_enable=1";
  return warning(
    "jit",
    "BPF programs are interpreted, which costs several times the time for each packet",
    help,
  );
}
