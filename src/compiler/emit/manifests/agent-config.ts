// A fleet and its deployment to the agents' configuration file, in an immutable ConfigMap that is named by its content: another
// configuration is another pod template, and rolled out node by node as a bundle is.

import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { CheckedFleet } from "../../../ir/nodes.ts";
import type { FleetDeploymentIr, SiteIr } from "../../../ir/site.ts";
import { commonLabels, FLEET_LABEL, GENERATED, METRICS_PORT } from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import { KEPT_BY_FLUX, nameByContent } from "./immutable.ts";
import { agentMemoryBytes } from "./worker-resources.ts";

export const BUNDLE_PATH = "/bundle";
export const TRUST_PATH = "/trust";
export const CONFIG_FILE = "agent.yaml";

/** Keys of docs/CONFIGURATION.md; those that are missing have their defaults. A test gives it to the agent's own reader. */
function agentConfig(fleet: CheckedFleet, { agent, tier }: FleetDeploymentIr) {
  return {
    profile: agent.profile,
    bundle: {
      path: BUNDLE_PATH,
      interfaces: fleet.interfaces,
      trustKeys: [TRUST_PATH],
      fleet: fleet.name,
    },
    listen: { metrics: `:${METRICS_PORT}` },
    log: { level: agent.logLevel, json: true },
    security: { strict: agent.strict },
    sinks: {
      ...(agent.statsd === null ? {} : { statsd: { address: agent.statsd } }),
      ...(agent.traces === null ? {} : { otel: { endpoint: agent.traces } }),
    },
    // Its own memory; what the kernel's tables take is the container's limit, not the agent's.
    resources: { memoryLimitBytes: agentMemoryBytes(tier) },
  };
}

export function agentConfigMap(
  fleet: CheckedFleet,
  deployment: FleetDeploymentIr,
  { namespaces }: SiteIr,
): IConfigMap {
  const text = toYaml(
    [agentConfig(fleet, deployment)],
    `Configuration of the agents of fleet ${fleet.name}.\n${GENERATED}`,
  );
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: nameByContent(`${fleet.name}-agent-config`, text),
      namespace: namespaces.workers.name,
      labels: { ...commonLabels("worker"), [FLEET_LABEL]: fleet.name },
      annotations: { ...KEPT_BY_FLUX },
    },
    immutable: true,
    data: { [CONFIG_FILE]: text },
  };
}
