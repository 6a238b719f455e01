// What a security check found. Each check has one finding, whose code is the check's own name.

import type { SECURITY_CHECKS } from "../../metrics/catalogue.ts";

export type SecurityCheck = (typeof SECURITY_CHECKS)[number];
/** `warning`: it works, and somebody should know; strict mode refuses it. `error`: the agent cannot do its work. */
export type Level = "ok" | "warning" | "error";

export interface Finding {
  readonly check: SecurityCheck;
  readonly level: Level;
  /** What is so. */
  readonly message: string;
  /** The remedy; empty where all is well. */
  readonly help: string;
}

export function ok(check: SecurityCheck, message: string): Finding {
  return { check, level: "ok", message, help: "" };
}

export function warning(check: SecurityCheck, message: string, help: string): Finding {
  return { check, level: "warning", message, help };
}

export function error(check: SecurityCheck, message: string, help: string): Finding {
  return { check, level: "error", message, help };
}
