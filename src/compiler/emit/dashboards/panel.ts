// Panels by the Grafana foundation SDK: each gets its queries as typed vectors, its place and its id from the caller.

import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  type GridPos,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as LogsBuilder } from "@grafana/grafana-foundation-sdk/logs";
import { DataqueryBuilder as LokiQueryBuilder } from "@grafana/grafana-foundation-sdk/loki";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import type { Vector } from "../../../metrics/query.ts";

/** Which Prometheus and which Loki are asked is the reader's choice, by variables. */
export const DATASOURCE = { type: "prometheus", uid: "$datasource" };
const LOKI = { type: "loki", uid: "$loki" };

/** Grafana's unit ids. */
export type PanelUnit =
  | "pps"
  | "binBps"
  | "percentunit"
  | "short"
  | "s"
  | "bytes"
  | "reqps"
  | "dateTimeFromNow";

export interface Query {
  readonly expression: string;
  readonly legend: string;
}

/** The legend can name only labels that the vector has. */
export function query<L extends string>(
  of: Vector<L>,
  legend: (label: (name: L) => string) => string,
): Query {
  return { expression: of.text, legend: legend((name) => `{{${name}}}`) };
}

interface PanelCommon {
  readonly title: string;
  readonly description: string;
  /** Of 24; an equal share of the row where it is missing. */
  readonly width?: number;
}
export interface MetricPanel extends PanelCommon {
  readonly kind: "stat" | "series" | "stacked" | "table";
  readonly unit: PanelUnit;
  readonly queries: readonly Query[];
  /** A series is drawn with them as lines. */
  readonly thresholds?: readonly Threshold[];
  readonly max?: number;
}
/** Lines of a log; only where the site has a Loki. */
export interface LogPanel extends PanelCommon {
  readonly kind: "logs";
  readonly expression: string;
}
export type PanelDefinition = MetricPanel | LogPanel;

export function redAbove(threshold: number): Threshold[] {
  return [
    { value: null, color: "green" },
    { value: threshold, color: "red" },
  ];
}
export function redBelow(threshold: number): Threshold[] {
  return [
    { value: null, color: "red" },
    { value: threshold, color: "green" },
  ];
}

export function panel(definition: PanelDefinition, id: number, gridPos: GridPos): Panel {
  if (definition.kind === "logs")
    return new LogsBuilder()
      .id(id)
      .gridPos(gridPos)
      .title(definition.title)
      .description(definition.description)
      .datasource(LOKI)
      .withTarget(new LokiQueryBuilder().refId("A").datasource(LOKI).expr(definition.expression))
      .showTime(true)
      .wrapLogMessage(true)
      .build();
  const builder = builderOf(definition);
  builder
    .id(id)
    .gridPos(gridPos)
    .title(definition.title)
    .description(definition.description)
    .datasource(DATASOURCE)
    .unit(definition.unit)
    .targets(definition.queries.map((each, index) => target(definition, each, index)));
  // A time of day is far from nought.
  if (definition.unit !== "dateTimeFromNow") builder.min(0);
  if (definition.max !== undefined) builder.max(definition.max);
  if (definition.thresholds)
    builder.thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...definition.thresholds]),
    );
  return builder.build();
}

function builderOf(definition: MetricPanel) {
  switch (definition.kind) {
    case "stat":
      return new StatBuilder().reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
    case "table":
      return new TableBuilder().withTransformation({
        id: "organize",
        options: { excludeByName: { Time: true, Value: true } },
      });
    case "series": {
      const series = timeSeries();
      return definition.thresholds
        ? series.thresholdsStyle(
            new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed),
          )
        : series;
    }
    case "stacked":
      return timeSeries().fillOpacity(30).stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  }
}

function timeSeries(): TimeSeriesBuilder {
  return new TimeSeriesBuilder()
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .calcs([]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
}

function target(definition: MetricPanel, { expression, legend }: Query, index: number): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .datasource(DATASOURCE)
    .expr(expression)
    .legendFormat(legend);
  if (definition.kind === "table") return builder.format(PromQueryFormat.Table).instant();
  return definition.kind === "stat" ? builder.instant() : builder.range();
}
