// A made-up packet in one line, as `piston explain --packet` takes it.

import { formatPacket } from "../../packet/text.ts";
import { frameOf } from "../cells/frame.ts";
import type { Point } from "../cells/point.ts";

export function formatPoint(point: Point): string {
  const frame = frameOf(point);
  // What cannot be built has odd headers only; its lengths still tell it.
  return frame
    ? `${formatPacket(frame)}${payloadText(point)}`
    : `${point.shape.name} of ${point.fields.l3Length} bytes with ${point.headerBytes} bytes of headers`;
}

function payloadText({ payload }: Point): string {
  return payload.length === 0 ? "" : ` payload 0x${Buffer.from(payload).toString("hex")}`;
}
