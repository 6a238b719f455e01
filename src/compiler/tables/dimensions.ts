// The rules to the classes of each dimension: what the images are made from, and what capacity is measured by.

import { CLASSES_MAX } from "../../bundle/abi.ts";
import type { AddressSet } from "../../ir/address-set.ts";
import { FIELD_DOMAIN, FIELD_NAMES, type FieldName, type RuleIr } from "../../ir/nodes.ts";
import { type Segments, sweep4, sweep6 } from "./address-classes.ts";
import { addressConstraints, fieldConstraints } from "./constraints.ts";
import { fieldClasses } from "./field-classes.ts";
import { Memberships } from "./membership.ts";
import { SEGMENTS4_MAX } from "./ranges4-image.ts";

export type DimensionName = FieldName | "source" | "destination";

interface DimensionBase {
  readonly name: DimensionName;
  /** Its bit in config.dimension_mask. */
  readonly index: number;
  /** Index of each rule's set, -1 where it does not ask. */
  readonly setOfRule: readonly number[];
  /** Sets of each class, by class. */
  readonly classMembers: readonly (readonly number[])[];
}
export interface FieldDimension extends DimensionBase {
  readonly kind: "field";
  /** Class of each value, and last of "absent". */
  readonly classes: Uint32Array;
}
export interface AddressDimension extends DimensionBase {
  readonly kind: "address";
  readonly name: "source" | "destination";
  readonly v4: Segments<Uint32Array>;
  readonly v6: Segments<readonly bigint[]>;
}
export type Dimension = FieldDimension | AddressDimension;

/** The dimensions that tell rules apart, in order; the others need no table. */
export function dimensionsOf(rules: readonly RuleIr[]): readonly Dimension[] {
  const found: Dimension[] = [];
  FIELD_NAMES.forEach((name, index) => {
    const { sets, setOfRule } = fieldConstraints(rules, name);
    if (sets.length === 0) return;
    const memberships = new Memberships(sets.length);
    const classes = fieldClasses(sets, FIELD_DOMAIN[name], memberships);
    found.push({ kind: "field", name, index, setOfRule, classMembers: memberships.classMembers, classes });
  });
  for (const [offset, name] of (["source", "destination"] as const).entries()) {
    const { sets, setOfRule } = addressConstraints(rules, name);
    if (sets.length === 0) continue;
    const index = FIELD_NAMES.length + offset;
    found.push({ kind: "address", name, index, setOfRule, ...addressClasses(sets) });
  }
  return found.filter(tellsApart);
}

function addressClasses(sets: readonly AddressSet[]) {
  const memberships = new Memberships(sets.length);
  const v4 = sweep4(sets, memberships);
  const v6 = sweep6(sets, memberships);
  return { v4, v6, classMembers: memberships.classMembers };
}

/** Not where every value is in every set that a rule asks for. */
function tellsApart(dimension: Dimension): boolean {
  const setCount = Math.max(...dimension.setOfRule) + 1;
  return dimension.classMembers.some((members) => members.length < setCount);
}

/** Before any of them goes to an exact table: a root that points to so many lines is tens of megabytes away. */
export function hasTooManyRanges4(dimension: Dimension): boolean {
  return dimension.kind === "address" && dimension.v4.firsts.length > SEGMENTS4_MAX;
}

/** Labels are 16 bits wide. */
export function hasTooManyClasses(dimension: Dimension): boolean {
  return dimension.classMembers.length > CLASSES_MAX;
}
