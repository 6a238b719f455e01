// Which pods a full node keeps: agents before everything that is not the cluster's own, the platform before what has no
// class. Filtering goes on without an agent, but a node that restarts filters only when its agent runs.

import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import { AGENT_PRIORITY, commonLabels, PLATFORM_PRIORITY } from "../kubernetes.ts";

/** The most that is not reserved for the cluster's own classes. */
const HIGHEST = 1_000_000_000;

export function priorityClasses(): IPriorityClass[] {
  return [
    priorityClass(
      AGENT_PRIORITY,
      HIGHEST,
      "Agents of PistonProtection: a node that starts is filtered first.",
    ),
    priorityClass(PLATFORM_PRIORITY, 100_000, "API, dashboard and databases of PistonProtection."),
  ];
}

function priorityClass(name: string, value: number, description: string): IPriorityClass {
  return {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name, labels: commonLabels("priority") },
    value,
    globalDefault: false,
    preemptionPolicy: "PreemptLowerPriority",
    description,
  };
}
