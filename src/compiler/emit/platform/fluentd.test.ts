import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { describe, expect, it } from "vitest";
import { EVERYTHING, find, objectsOf } from "../platform-fixture.ts";
import { siteOf } from "../site-fixture.ts";
import { fluentdText, quoted } from "./fluentd-text.ts";
import { emitPlatform } from "./index.ts";

const configMap = find<IConfigMap>(
  objectsOf(emitPlatform(siteOf(EVERYTHING))),
  "ConfigMap",
  "fluentd-config",
);
const text = configMap.data!["fluent.conf"]!;

describe("Fluentd's configuration", () => {
  it("is in the logging namespace, where Fluentd is", () => {
    expect(configMap.metadata?.namespace).toBe("logging");
  });

  it("reads both namespaces' containers and writes to the bucket, an hour an object", () => {
    expect(text).toContain(
      "  path '/var/log/containers/*_pistonprotection_*.log,/var/log/containers/*_pistonprotection-workers_*.log'\n",
    );
    for (const line of [
      "  @type tail",
      "  pos_file /var/log/fluentd-pistonprotection.log.pos",
      "  tag pistonprotection.*",
      "  read_from_head true",
      "<match pistonprotection.**>",
      "  @type s3",
      "  s3_bucket logs",
      "  s3_region eu-central-1",
      "  path logs/%Y/%m/%d/",
      "  <buffer time>",
      "    timekey 1h",
      "    timekey_wait 10m",
      "    chunk_limit_size 256m",
    ])
      expect(text.split("\n")).toContain(line);
  });

  it("closes every directive that it opens, in order", () => {
    const open: string[] = [];
    for (const line of text.split("\n")) {
      const [, slash, name] = /^\s*<(\/?)([a-z]+)[^>]*>$/.exec(line) ?? [];
      if (name === undefined) continue;
      if (slash === "/") expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  it("takes a line apart as containerd writes it", () => {
    const expression = /expression '\/(.*)\/'/.exec(text)?.[1] ?? "";
    const line = '2026-01-02T03:04:05.678901234Z stdout F {"level":30,"msg":"it\'s up"}';
    expect(new RegExp(expression).exec(line)?.groups).toEqual({
      time: "2026-01-02T03:04:05.678901234Z",
      stream: "stdout",
      flag: "F",
      log: '{"level":30,"msg":"it\'s up"}',
    });
  });
});

describe("a value of Fluentd's", () => {
  it.each([
    ["tail", "tail"],
    ["/var/log/a.log", "/var/log/a.log"],
    ["logs/%Y/%m/%d/", "logs/%Y/%m/%d/"],
    // A comment would begin, Ruby would run, JSON would be read, and nothing would be a value.
    ["a #b", "'a #b'"],
    ["#{ENV['HOME']}", "'#{ENV[\\'HOME\\']}'"],
    ["[1]", "'[1]'"],
    ["", "''"],
    ["a\\b", "'a\\\\b'"],
    ['"quoted"', "'\"quoted\"'"],
  ])("%s is written so that it is read as it is", (value, written) => {
    expect(quoted(value)).toBe(written);
    expect(read(written)).toBe(value);
  });

  it("has no line break, nor any other control character", () => {
    expect(() => quoted("a\nb")).toThrow("control character");
  });

  it("cannot end its directive by the argument", () => {
    expect(() => fluentdText([{ name: "match", argument: "a>\n<source", parameters: [] }])).toThrow(
      "no argument",
    );
  });
});

/** Fluentd's rule for single quotes: `\'` and `\\` are escapes, everything else is itself. */
function read(written: string): string {
  if (!written.startsWith("'")) return written;
  return written.slice(1, -1).replaceAll(/\\(['\\])/g, "$1");
}
