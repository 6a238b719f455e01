// Panels by the Grafana foundation SDK: each gets its queries as typed vectors, its place and its id from the caller.

import {
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
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeSeriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import type { Vector } from "../../../metrics/query.ts";

/** Which Prometheus is asked is the reader's choice, by a variable. */
export const DATASOURCE = { type: "prometheus", uid: "$datasource" };

/** Grafana's unit ids. */
export type PanelUnit = "pps" | "binBps" | "percentunit" | "short" | "s" | "bytes";

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

export interface PanelDefinition {
  readonly kind: "stat" | "series" | "stacked" | "table";
  readonly title: string;
  readonly description: string;
  readonly unit: PanelUnit;
  readonly queries: readonly Query[];
  /** Of 24. */
  readonly width: number;
  readonly thresholds?: readonly Threshold[];
  readonly max?: number;
}

export function panel(definition: PanelDefinition, id: number, gridPos: GridPos): Panel {
  const builder = builderOf(definition);
  builder
    .id(id)
    .gridPos(gridPos)
    .title(definition.title)
    .description(definition.description)
    .datasource(DATASOURCE)
    .unit(definition.unit)
    .min(0)
    .targets(definition.queries.map((each, index) => target(definition, each, index)));
  if (definition.max !== undefined) builder.max(definition.max);
  if (definition.thresholds)
    builder.thresholds(
      new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...definition.thresholds]),
    );
  return builder.build();
}

function builderOf(definition: PanelDefinition) {
  switch (definition.kind) {
    case "stat":
      return new StatBuilder().reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
    case "table":
      return new TableBuilder().withTransformation({
        id: "organize",
        options: { excludeByName: { Time: true, Value: true } },
      });
    case "series":
      return timeSeries();
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

function target(definition: PanelDefinition, { expression, legend }: Query, index: number): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(String.fromCharCode(65 + index))
    .datasource(DATASOURCE)
    .expr(expression)
    .legendFormat(legend);
  if (definition.kind === "table") return builder.format(PromQueryFormat.Table).instant();
  return definition.kind === "stat" ? builder.instant() : builder.range();
}
