// What the API server and etcd would refuse for its size: https://kubernetes.io/docs/concepts/configuration/configmap/

import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { ISecret } from "kubernetes-models/v1/Secret";
import type { Artifact } from "../types.ts";
import { as, type Emitted, nameOf } from "./emitted.ts";
import type { Report } from "./report.ts";

const MEBIBYTE = 2 ** 20;
/** etcd takes requests of 1.5 MiB. */
const OBJECT_MAX = 1.5 * MEBIBYTE;
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

export function checkSizes(emitted: readonly Emitted[], report: Report): void {
  for (const { object, location } of emitted) {
    const held = as<IConfigMap>("ConfigMap", object) ?? as<ISecret>("Secret", object);
    if (held) {
      const entries = [
        ...Object.entries(held.data ?? {}),
        ...Object.entries(held.kind === "Secret" ? (held.stringData ?? {}) : (held.binaryData ?? {})),
      ];
      // Base64 is how it travels; the limit is of what it stands for.
      const encoded = (key: string) =>
        held.kind === "Secret" ? key in (held.data ?? {}) : key in (held.binaryData ?? {});
      const bytes = entries.reduce(
        (sum, [key, value]) =>
          sum + key.length + (encoded(key) ? Math.floor((value.length * 3) / 4) : Buffer.byteLength(value)),
        0,
      );
      if (bytes > MEBIBYTE) {
        report.add({
          code: "config-map-too-large",
          message: `${nameOf(object)} holds ${bytes.toLocaleString("en-US")} bytes, more than 1 MiB`,
          help: "split it, or carry it as an OCI artifact: the API server refuses it",
          location,
          mark: { value: object.metadata.name },
        });
        continue;
      }
      for (const [key] of entries)
        if (!KEY.test(key) || key === "." || key === "..")
          report.add({
            code: "bad-data-key",
            message: `${nameOf(object)}: \`${key}\` cannot be a key`,
            help: "letters, digits, hyphens, underscores and points, 253 at most: it becomes the name of a file",
            location,
            mark: { property: key },
          });
    }
    const total = Buffer.byteLength(JSON.stringify(object));
    if (total > OBJECT_MAX)
      report.add({
        code: "object-too-large",
        message: `${nameOf(object)} is ${total.toLocaleString("en-US")} bytes, more than etcd takes (1.5 MiB)`,
        help: "split it",
        location,
        mark: { value: object.metadata.name },
      });
  }
}

/** Git hosts refuse files above 100 MB, and a GitOps tool reads all of it at each sync. */
const FILE_MAX = 100_000_000;
const TOTAL_MAX = 512 * MEBIBYTE;

export function checkTotals(artifacts: readonly Artifact[], report: Report): void {
  let total = 0;
  for (const { path, bytes } of artifacts) {
    total += bytes.length;
    if (bytes.length > FILE_MAX)
      report.add({
        code: "file-too-large",
        message: `dist/${path} is ${bytes.length.toLocaleString("en-US")} bytes: Git hosts refuse it`,
        help: "split the fleet, or push bundles as OCI artifacts",
      });
  }
  if (total > TOTAL_MAX)
    report.add({
      code: "output-too-large",
      message: `dist/ is ${total.toLocaleString("en-US")} bytes in all, more than ${TOTAL_MAX.toLocaleString("en-US")}`,
      help: "push bundles as OCI artifacts, and leave them out of Git",
    });
}
