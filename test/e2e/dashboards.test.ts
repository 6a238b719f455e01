// Every panel of every dashboard of the sample site is asked of Debian's Prometheus, which scrapes a real agent that serves
// the sample fleet's bundle under traffic: the packets that witness its rules, each as often as it takes to be decided.

import { afterAll, beforeAll, expect, it } from "vitest";
import { readManifestOf } from "../../src/bundle/index.ts";
import { compileEdited, type EditedSample } from "../../src/compiler/edited-sample.ts";
import { LabNode } from "../../src/lab/lab-node.ts";
import { Monitoring } from "../../src/lab/monitoring.ts";
import { type FrameBatch, frameBatch } from "../../src/lab/packet-socket.ts";
import { describeKernel } from "../support/kernel.ts";
import { until } from "../support/until.ts";

const FLEET = "edge";
/** Of one witness in one round: limits of thousands a second are exceeded over several rounds. */
const REPEATS_MAX = 200;

/** `dashboard: panel` to why nothing can be there. */
const WITHOUT_DATA: Readonly<Record<string, string>> = {
  "api: Certificates": "the agent runs without TLS",
  "api: Share of server errors": "no request of this test fails",
  "api: Sinks": "the agent runs without sinks",
};

interface Query {
  readonly panel: string;
  readonly expression: string;
  readonly source: "prometheus" | "loki";
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly {
    readonly expr: string;
    readonly datasource: { readonly type: Query["source"] };
  }[];
}

function queriesOf({ artifacts }: EditedSample): Query[] {
  return artifacts.flatMap(({ path, bytes }) => {
    const slug = /^dashboards\/(.*)\.json$/.exec(path)?.[1];
    if (slug === undefined) return [];
    const { panels, annotations } = JSON.parse(Buffer.from(bytes).toString()) as {
      panels: Panel[];
      annotations: { list: { name: string; expr: string }[] };
    };
    return [
      ...panels.flatMap(({ title, targets = [] }) =>
        targets.map(({ expr, datasource }) => ({
          panel: `${slug}: ${title}`,
          expression: expr,
          source: datasource.type,
        })),
      ),
      ...annotations.list.map(({ name, expr }) => ({
        panel: `${slug}: annotation ${name}`,
        expression: expr,
        source: "prometheus" as const,
      })),
    ];
  });
}

/** As Grafana fills it in, with all values chosen. */
function filledIn(expression: string): string {
  return expression
    .replaceAll("$__rate_interval", "1m")
    .replaceAll("$__range", "1h")
    .replaceAll(/\$(fleet|backend)\b/g, ".*");
}

describeKernel("the dashboards on a Prometheus that scrapes a running agent", () => {
  let sample: EditedSample;
  let node: LabNode;
  let monitoring: Monitoring;
  let traffic: FrameBatch;

  beforeAll(async () => {
    sample = await compileEdited({
      "site.ts": [
        [
          /prometheus: \{[^}]*\}[^}]*\}/,
          'prometheus: { scrapeInterval: "1s", scrapeTimeout: "1s", evaluationInterval: "1s" }',
        ],
      ],
      // Nobody listens: origins are found unhealthy, soon.
      "game.policy.ts": [
        [
          /healthCheck: \{ kind: "tcp"[^}]*\}/,
          'healthCheck: { kind: "tcp", port: 25_565, intervalSeconds: 1, timeoutSeconds: 1, unhealthyThreshold: 1 }',
        ],
        [
          /healthCheck: \{ kind: "udp"[^}]*\}/,
          'healthCheck: { kind: "udp", port: 19_132, intervalSeconds: 1, timeoutSeconds: 1, unhealthyThreshold: 1 }',
        ],
      ],
      "dns.policy.ts": [
        [
          /intervalSeconds: 5, timeoutSeconds: 2, unhealthyThreshold: 3/,
          "intervalSeconds: 1, timeoutSeconds: 1, unhealthyThreshold: 1",
        ],
      ],
      "web.policy.ts": [
        [/intervalSeconds: \d+/, "intervalSeconds: 1"],
        [/timeoutSeconds: \d+/, "timeoutSeconds: 1"],
        [/unhealthyThreshold: \d+/, "unhealthyThreshold: 1"],
      ],
    });
    expect(sample.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const bundle = sample.artifacts.find(({ path }) => path === `bundles/${FLEET}.bundle`)!.bytes;
    traffic = frameBatch(
      readManifestOf(bundle).witnesses.flatMap(({ steps }) =>
        steps.flatMap(({ packet, repeat }) =>
          Array.from({ length: Math.min(repeat, REPEATS_MAX) }, () => Buffer.from(packet, "base64")),
        ),
      ),
    );
    node = new LabNode("piston-test-dash", FLEET);
    node.publish(bundle);
    await node.startAgent().event("generation-committed");
    monitoring = new Monitoring();
    monitoring.write(sample.artifacts);
    await monitoring.addAgent(node.agent.metricsSocket);
    await monitoring.startPrometheus();
  });

  afterAll(async () => {
    await monitoring?.close();
    await node?.close();
  });

  it("bring data for every panel, but those that cannot have any here", async () => {
    const queries = queriesOf(sample);
    const asked = queries.filter(({ source, panel }) => source === "prometheus" && !(panel in WITHOUT_DATA));
    const waiting = new Map(asked.map((query) => [`${query.panel} ${query.expression}`, query]));
    await node.agent.operation("POST", "/internal/check-drift");
    await until(
      async () => {
        node.send(traffic);
        node.edge.drain();
        for (const [key, { expression }] of waiting)
          if ((await monitoring.query(filledIn(expression))).length > 0) waiting.delete(key);
        return waiting.size === 0 ? true : null;
      },
      () => `without data:\n${[...waiting.keys()].join("\n")}`,
    );

    // What is left out is left out for a reason, and nothing else is.
    const left = queries.filter((query) => !asked.includes(query));
    expect(
      left
        .filter(({ source }) => source === "prometheus")
        .map(({ panel }) => panel)
        .sort(),
    ).toEqual(Object.keys(WITHOUT_DATA).sort());
    // Logs need a Loki; their queries are checked by the compiler (src/compiler/validate/logql.ts).
    const logs = left.filter(({ source }) => source === "loki");
    expect(logs).toHaveLength(5 + sample.fleets[0]!.backends.length);
    expect(asked.length).toBe(queries.length - logs.length - Object.keys(WITHOUT_DATA).length);
  });
});
