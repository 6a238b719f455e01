// Two fleets that number their payload tests differently to two that number them alike, so that one space holds both.

import { PAYLOAD_TESTS_MAX } from "../../bundle/abi.ts";
import { FIELD_DOMAIN, type FleetIr, type RuleIr } from "../../ir/nodes.ts";
import { type PayloadTest, payloadBit } from "../../ir/payload.ts";
import { includes, type Ranges, ranges } from "../../ir/ranges.ts";

/** null where both together have more than PAYLOAD_TESTS_MAX tests. */
export function unitePayloadTests(a: FleetIr, b: FleetIr): readonly [FleetIr, FleetIr] | null {
  const united = new Map([...a.payloadTests, ...b.payloadTests].map((test) => [JSON.stringify(test), test]));
  if (united.size > PAYLOAD_TESTS_MAX) return null;
  const tests = [...united.values()];
  return [renumber(a, tests), renumber(b, tests)];
}

function renumber(fleet: FleetIr, tests: readonly PayloadTest[]): FleetIr {
  const keys = tests.map((test) => JSON.stringify(test));
  const places = fleet.payloadTests.map((test) => keys.indexOf(JSON.stringify(test)));
  if (places.every((place, own) => place === own)) return { ...fleet, payloadTests: tests };
  const rule = (one: RuleIr): RuleIr => {
    const { payload } = one.match.fields;
    if (!payload) return one;
    const fields = { ...one.match.fields, payload: renumbered(payload, places) };
    return { ...one, match: { ...one.match, fields } };
  };
  return {
    ...fleet,
    payloadTests: tests,
    management: fleet.management.map(rule),
    rules: fleet.rules.map(rule),
  };
}

/** Values whose bits at `places` are a value of `own`. */
function renumbered(own: Ranges, places: readonly number[]): Ranges {
  const pairs: [number, number][] = [];
  for (let value = 0; value < FIELD_DOMAIN.payload; value++) {
    let before = 0;
    for (const [test, place] of places.entries()) if (value & payloadBit(place)) before |= payloadBit(test);
    if (includes(own, before)) pairs.push([value, value]);
  }
  return ranges(pairs);
}
