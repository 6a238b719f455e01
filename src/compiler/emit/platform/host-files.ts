// Files for the machines themselves, which no sync applies: the API server's audit policy, the kubelet's log rotation.

import type { SiteIr } from "../../../ir/site.ts";
import type { Artifact } from "../../types.ts";
import { GENERATED, HOST_PATH, textArtifact } from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import { auditPolicy } from "./audit-policy.ts";

/** A drop-in for `--config-dir`. https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
interface KubeletConfiguration {
  readonly apiVersion: "kubelet.config.k8s.io/v1beta1";
  readonly kind: "KubeletConfiguration";
  readonly containerLogMaxSize: string;
  readonly containerLogMaxFiles: number;
}

const LOG_ROTATION: KubeletConfiguration = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  // 250 MiB a container: what a bucket that is away for an hour leaves on the node.
  containerLogMaxSize: "50Mi",
  containerLogMaxFiles: 5,
};

export function hostFiles(site: SiteIr): Artifact[] {
  const file = (name: string, about: string, data: unknown) =>
    textArtifact(`${HOST_PATH}/${name}.yaml`, toYaml([data], `${about}\n${GENERATED}`));
  return [
    ...(site.audit
      ? [
          file(
            "audit-policy",
            "For the API server's --audit-policy-file; not for kubectl.",
            auditPolicy(site),
          ),
        ]
      : []),
    ...(site.logs.fluentd
      ? [file("kubelet-log-rotation", "For the kubelet's --config-dir; not for kubectl.", LOG_ROTATION)]
      : []),
  ];
}
