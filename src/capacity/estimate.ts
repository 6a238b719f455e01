// The operations guide's calculation (`estimate_resources` of its capacity-calculator.py), number for number: what a site
// of this traffic needs besides the filter's own tables, which plan.ts knows exactly.

export interface Demand {
  readonly trafficGbps: number;
  /** Share of the traffic that is attack, 0 to 1. */
  readonly attackRatio: number;
  readonly backends: number;
  readonly rules: number;
}

export interface Estimate {
  readonly gateway: { readonly replicas: number; readonly cpuMillicores: number; readonly memoryMb: number };
  readonly worker: { readonly nodes: number; readonly cpuMillicores: number; readonly memoryMb: number };
  readonly database: {
    readonly cpuMillicores: number;
    readonly memoryMb: number;
    readonly storageGb: number;
  };
}

const BASE = {
  gatewayCpuMillicores: 500,
  gatewayMemoryMb: 512,
  workerCpuMillicores: 500,
  workerMemoryMb: 256,
} as const;

/** Fractions are cut off where the guide's Python has `int()`. Numbers of all gateways, and of all workers, together. */
export function estimateResources({ trafficGbps, attackRatio, backends, rules }: Demand): Estimate {
  const traffic = Math.max(1, trafficGbps / 1);
  const attack = 1 + attackRatio * 2;
  const complexity = 1 + (rules / 100) * 0.1;
  return {
    gateway: {
      replicas: Math.max(3, Math.trunc(trafficGbps / 5)),
      cpuMillicores: Math.trunc(BASE.gatewayCpuMillicores * traffic * attack * complexity),
      memoryMb: Math.trunc(BASE.gatewayMemoryMb * traffic * 1.5),
    },
    worker: {
      nodes: Math.max(2, Math.trunc(trafficGbps / 10)),
      cpuMillicores: Math.trunc(BASE.workerCpuMillicores * traffic * attack),
      memoryMb: Math.trunc(BASE.workerMemoryMb * traffic),
    },
    database: {
      cpuMillicores: 1000 + backends * 10,
      memoryMb: 2048 + backends * 5,
      storageGb: 20 + backends * 0.5,
    },
  };
}
