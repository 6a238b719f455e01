// The cases of every alert to files for `promtool test rules`, one a name.

import assert from "node:assert/strict";
import { basename } from "node:path/posix";
import type { Artifact } from "../../types.ts";
import { GENERATED, textArtifact } from "../kubernetes.ts";
import { toYaml } from "../yaml.ts";
import type { Alert, AlertGroup } from "./alert.ts";
import { stepOf, testsOf } from "./alert-tests.ts";
import { durationOf } from "./duration.ts";

const TEST_FOLDER = "alerts/tests";

export function alertTestFiles(groups: readonly AlertGroup[]): Artifact[] {
  const byName = new Map<string, { readonly group: AlertGroup; readonly alert: Alert }[]>();
  for (const group of groups)
    for (const alert of group.alerts) {
      const same = byName.get(alert.rule.alert);
      if (same) same.push({ group, alert });
      else byName.set(alert.rule.alert, [{ group, alert }]);
    }
  return [...byName].map(([name, entries]) => {
    const { alert: first, group } = entries[0]!;
    const step = stepOf(first);
    // A file has one interval and names its rules once; alerts of one name have their tuning in common.
    assert(entries.every((entry) => stepOf(entry.alert) === step && entry.group.file === group.file));
    const file = {
      rule_files: [`../${basename(group.file)}`],
      evaluation_interval: durationOf(step),
      group_eval_order: groups.filter((one) => one.file === group.file).map((one) => one.name),
      tests: entries.flatMap(({ alert }) => testsOf(alert)),
    };
    const about = `When ${name} fires, keeps quiet and resolves. Run by \`promtool test rules\`.`;
    return textArtifact(`${TEST_FOLDER}/${name}.test.yaml`, toYaml([file], `${about}\n${GENERATED}`));
  });
}
