// The site's logs to the configuration of the Fluentd that it runs: from the nodes' container logs to a bucket, an object for
// each span of time.

import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { FluentdIr, SiteIr } from "../../../ir/site.ts";
import { commonLabels } from "../kubernetes.ts";
import { type Directive, fluentdText } from "./fluentd-text.ts";

/** As containerd and CRI-O write a line: time, stream, `P` for a part of a line or `F` for its end, and what was printed. */
const CRI_LINE = "/^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<flag>[FP]) (?<log>.*)$/";

export function fluentd(site: SiteIr): IConfigMap[] {
  const options = site.logs.fluentd;
  if (!options) return [];
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "fluentd-config", namespace: site.namespaces.logging, labels: commonLabels("logs") },
      data: { "fluent.conf": fluentdText(directives(options, site)) },
    },
  ];
}

function directives(
  { bucket, region, path, timekey, timekeyWait, chunkLimit }: FluentdIr,
  site: SiteIr,
): Directive[] {
  const { platform, workers } = site.namespaces;
  return [
    {
      name: "source",
      parameters: [
        ["@type", "tail"],
        // `<pod>_<namespace>_<container>-<id>.log`: the databases' logs too, and those of namespaces with other names.
        [
          "path",
          [platform.name, workers.name].map((name) => `/var/log/containers/*_${name}_*.log`).join(","),
        ],
        ["pos_file", "/var/log/fluentd-pistonprotection.log.pos"],
        ["tag", "pistonprotection.*"],
        ["read_from_head", true],
        // The kubelet rotates: a file is read to its end after it has been renamed, and forgotten after it is gone.
        ["follow_inodes", true],
        ["rotate_wait", 15],
        ["refresh_interval", 10],
      ],
      children: [
        {
          name: "parse",
          parameters: [
            ["@type", "regexp"],
            ["expression", CRI_LINE],
            ["time_key", "time"],
            ["time_format", "%Y-%m-%dT%H:%M:%S.%N%:z"],
          ],
        },
      ],
    },
    {
      // Agents and services print JSON; PostgreSQL and Redis do not, and go on as text.
      name: "filter",
      argument: "pistonprotection.**",
      parameters: [
        ["@type", "parser"],
        ["key_name", "log"],
        ["reserve_data", true],
        ["reserve_time", true],
        ["emit_invalid_record_to_error", false],
      ],
      children: [{ name: "parse", parameters: [["@type", "json"]] }],
    },
    {
      name: "match",
      argument: "pistonprotection.**",
      parameters: [
        ["@type", "s3"],
        ["s3_bucket", bucket],
        ["s3_region", region],
        ["path", path],
        ["s3_object_key_format", "%{path}%{time_slice}_%{uuid_flush}_%{index}.%{file_extension}"],
        ["store_as", "gzip"],
      ],
      children: [
        { name: "format", parameters: [["@type", "json"]] },
        {
          name: "buffer",
          argument: "time",
          parameters: [
            ["@type", "file"],
            ["path", "/var/log/fluentd-buffer"],
            ["timekey", timekey],
            ["timekey_wait", timekeyWait],
            ["timekey_use_utc", true],
            ["chunk_limit_size", chunkLimit],
            // A bucket that is away must not fill the node's disk.
            ["total_limit_size", "4g"],
            ["overflow_action", "drop_oldest_chunk"],
            ["flush_at_shutdown", false],
          ],
        },
      ],
    },
  ];
}
