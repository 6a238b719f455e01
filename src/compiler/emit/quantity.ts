// Quantities of memory and CPU, as Kubernetes writes them, to numbers and back.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

import assert from "node:assert/strict";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};
const MEBIBYTE = 2 ** 20;

export function bytesOf(quantity: string): number {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = UNITS[unit];
  assert(amount !== "" && factor !== undefined, `no quantity of bytes: ${quantity}`);
  return Number(amount) * factor;
}

/** A share of a quantity in whole MiB, rounded down: a share of a limit must not be above it. */
export function shareMi(quantity: string, share: number): number {
  return Math.floor((bytesOf(quantity) * share) / MEBIBYTE);
}

export function milliCpuOf(quantity: string): number {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity) ?? [];
  assert(amount !== "", `no quantity of CPU: ${quantity}`);
  return unit === "m" ? Number(amount) : Number(amount) * 1000;
}

/** The reference's ceiling of a scalable workload: twice what it asks for. */
export function doubled({ cpu, memory }: { readonly cpu: string; readonly memory: string }) {
  const mebibytes = shareMi(memory, 2);
  return {
    cpu: `${milliCpuOf(cpu) * 2}m`,
    memory: mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`,
  };
}
