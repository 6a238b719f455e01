// Runs the security checks: before start, where an error (and in strict mode a warning) refuses it, and then every few minutes.
// Findings are kept; what changes is logged, once.

import type { Bundle } from "../../bundle/index.ts";
import type { AgentConfig } from "../config/index.ts";
import { BundleRefused, messageOf, RuntimeFault } from "../errors.ts";
import { pinnedFleets } from "../kernel/pins.ts";
import type { Logger } from "../log.ts";
import { type ComponentReading, degraded, OK } from "../observe/components.ts";
import { judgeCapabilities, judgeUnprivilegedBpf, readCredentials } from "./capabilities.ts";
import { judgeBpffs, judgeBundlePath, judgePinPath } from "./filesystem.ts";
import type { Finding, SecurityCheck } from "./finding.ts";
import { type Host, hostAt } from "./host.ts";
import { type FeatureReport, judgeJit, judgeKernel, kernelRelease, probeKernel } from "./kernel.ts";
import { parseRelease } from "./kernel-release.ts";
import { judgeFiles, judgeMemlock, judgeMemory } from "./limits.ts";
import { detectContainer, judgeContainer, judgeSecurityModules } from "./lsm.ts";
import { PINNED_PROGRAM_SHA256 } from "./pinned-program.ts";
import { declaredMapBytes, judgeProgram } from "./program.ts";

/** In the order of the hardening document's start-up. */
export type CheckGroup = "environment" | "resources" | "kernel" | "permissions";

export interface SecurityOptions {
  readonly config: AgentConfig;
  /** The XDP object file. */
  readonly elf: Uint8Array;
  readonly logger: Logger;
}

export class SecurityManager {
  readonly #config: AgentConfig;
  readonly #elf: Uint8Array;
  readonly #logger: Logger;
  readonly #host: Host = hostAt();
  readonly #findings = new Map<SecurityCheck, Finding>();
  #kernel: (FeatureReport & { readonly remedies: readonly string[] }) | null = null;
  #programBytes: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #checkedAtMs: number | null = null;

  constructor({ config, elf, logger }: SecurityOptions) {
    this.#config = config;
    this.#elf = elf;
    this.#logger = logger;
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  /** Milliseconds since 1970; null before the first check. */
  get checkedAtMs(): number | null {
    return this.#checkedAtMs;
  }

  /** Throws a RuntimeFault that names the first thing in the way; the others are in its message. */
  require(group: CheckGroup): void {
    const findings = this.#check(group);
    const { strict } = this.#config.security;
    const refused = findings.filter(({ level }) => level === "error" || (strict && level === "warning"));
    for (const finding of findings) if (!refused.includes(finding)) this.#note(finding);
    const [first, ...others] = refused;
    if (!first) return;
    const inStrict = first.level === "warning" ? " (security.strict)" : "";
    const also = others.map(({ message }) => `; also: ${message}`).join("");
    throw new RuntimeFault({
      code: `security-${first.check}`,
      operation: "check",
      object: first.check,
      message: `${first.message}${inStrict}${also}${this.#servesOn()}`,
      help: [first, ...others].map(({ help }) => help).join("; "),
    });
  }

  /** Throws BundleRefused where its tables and the program's own maps would take more than the limit. */
  requireMemory(bundle: Bundle): void {
    this.#programBytes ??= declaredMapBytes(this.#elf);
    const limit = this.#config.security.memoryLimitBytes;
    const bytes = this.#programBytes + bundle.manifest.memoryBytes;
    if (bytes <= limit) return;
    throw new BundleRefused("manifest", {
      code: "memory-limit",
      operation: "load",
      object: `generation ${bundle.generation}`,
      message: `manifest: the generation's maps would take ${bytes} bytes of kernel memory, and ${limit} are allowed`,
      help: "raise security.memoryLimitBytes, or make the fleet's sets smaller",
    });
  }

  /** From now on by itself. Called again it takes another interval. */
  every(seconds: number): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = setInterval(() => this.checkAll(), seconds * 1000);
    this.#timer.unref();
  }

  /** Never throws: a running agent goes on, and health and log say what is wrong. */
  checkAll(): void {
    for (const group of ["environment", "resources", "kernel", "permissions"] as const) {
      try {
        for (const finding of this.#check(group)) this.#note(finding);
      } catch (error) {
        this.#logger.error(
          { event: "security-check-failed", group },
          `the ${group} check failed: ${messageOf(error)}`,
        );
      }
    }
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** For health. Warnings are no fault of the agent's. */
  reading(): ComponentReading {
    const errors = this.findings.filter(({ level }) => level === "error");
    return errors.length === 0 ? OK : degraded(errors.map(({ message }) => message).join("; "));
  }

  #check(group: CheckGroup): Finding[] {
    this.#checkedAtMs = Date.now();
    const { bundle, resources, security } = this.#config;
    const host = this.#host;
    switch (group) {
      case "environment": {
        const rules = {
          pinned: PINNED_PROGRAM_SHA256,
          allowOther: security.allowOtherProgram,
          memoryLimitBytes: security.memoryLimitBytes,
        };
        // The object in memory does not change.
        const program = this.#findings.get("program") ?? judgeProgram(this.#elf, rules);
        const container = detectContainer(host, process.env);
        return [
          program,
          judgeSecurityModules(host, bundle.pinPath),
          judgeContainer(container),
          judgeUnprivilegedBpf(host),
        ];
      }
      case "resources": {
        const { effective } = readCredentials(host);
        const release = parseRelease(kernelRelease());
        return [
          judgeFiles(host, resources),
          judgeMemlock(host, release, effective),
          judgeMemory(host, resources),
        ];
      }
      case "kernel":
        return [judgeKernel(kernelRelease(), this.#probed()), judgeJit(host)];
      case "permissions":
        return [
          judgeCapabilities(readCredentials(host), this.#probed().denied),
          judgeBpffs(bundle.pinPath),
          judgePinPath(bundle.pinPath),
          this.#bundlePath(bundle.path),
        ];
    }
  }

  /** A kernel does not change while it runs; what it denied once is asked again. */
  #probed(): FeatureReport & { readonly remedies: readonly string[] } {
    if (!this.#kernel || this.#kernel.denied !== null) this.#kernel = probeKernel(this.#elf);
    return this.#kernel;
  }

  /** Where a generation is pinned the agent has work without a bundle, and says of the bundle what it finds. */
  #bundlePath(path: string): Finding {
    const finding = judgeBundlePath(path);
    if (finding.level !== "error" || this.#pinned().length === 0) return finding;
    return { ...finding, level: "warning" };
  }

  #pinned(): readonly string[] {
    try {
      return pinnedFleets(this.#config.bundle.pinPath);
    } catch {
      return []; // what may not be read is the pin path's own finding
    }
  }

  #servesOn(): string {
    const fleets = this.#pinned();
    return fleets.length === 0 ? "" : `; what is pinned of fleet ${fleets.join(", ")} filters on`;
  }

  #note(finding: Finding): void {
    const { check, level, message, help } = finding;
    const before = this.#findings.get(check);
    this.#findings.set(check, finding);
    // The remedy says what is wrong; the message may have a figure in it that moves.
    if (before?.level === level && before.help === help) return;
    const fields = { event: "security", check, code: `security-${check}`, help };
    if (level === "error") this.#logger.error(fields, message);
    else if (level === "warning") this.#logger.warn(fields, message);
    else if (before && before.level !== "ok") this.#logger.info(fields, `mended: ${message}`);
    else this.#logger.debug(fields, message);
  }
}
