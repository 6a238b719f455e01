import { expect, it } from "vitest";
import { udp } from "../packet/index.ts";
import { SourceCounter } from "./sources.ts";

function counter(frames: readonly Uint8Array[], max?: number): SourceCounter {
  const sources = new SourceCounter(max);
  for (const frame of frames)
    sources.add(frame, new DataView(frame.buffer, frame.byteOffset, frame.length), 0, frame.length);
  return sources;
}
const from = (source: string) =>
  udp({ from: `${source}:1`, to: source.startsWith("[") ? "[::1]:1" : "192.0.2.1:1" });
const tagged = (frame: Uint8Array, tags: number) =>
  new Uint8Array(
    Buffer.concat([
      frame.subarray(0, 12),
      ...Array.from({ length: tags }, () => Uint8Array.of(0x81, 0, 0, 5)),
      frame.subarray(12),
    ]),
  );

it("counts IPv4 by address and IPv6 by /64, the most packets first, equal ones by address", () => {
  const frames = [
    from("198.51.100.2"),
    from("198.51.100.1"),
    from("[2001:db8::1]"),
    from("[2001:db8:0:0:ffff::]"),
    from("[2001:db8:0:1::]"),
    from("198.51.100.1"),
    from("198.51.100.1"),
  ];
  expect(
    counter(frames)
      .top(3)
      .map(({ source, packets }) => [source, packets]),
  ).toEqual([
    ["198.51.100.1", 3],
    ["2001:db8::/64", 2],
    ["198.51.100.2", 1],
  ]);
  expect(counter(frames).top(9)).toHaveLength(4);
});
it("looks behind two VLAN tags, and finds no source where there is none", () => {
  const frame = from("198.51.100.1");
  const found = [0, 1, 2].map((tags) => counter([tagged(frame, tags)]).top(1)[0]?.source);
  expect(found).toEqual(["198.51.100.1", "198.51.100.1", "198.51.100.1"]);
  for (const none of [tagged(frame, 3), frame.slice(0, 33), frame.slice(0, 13), new Uint8Array(0)])
    expect(counter([none]).top(1)).toEqual([]);
  expect(counter([frame.slice(0, 34)]).top(1)).toHaveLength(1);
});
it("forgets the rarest where there are too many, and says so", () => {
  const many = Array.from({ length: 40 }, (_, i) => from(`10.0.0.${i}`));
  const frames = [from("198.51.100.1"), from("198.51.100.1"), ...many.slice(0, 19)];
  expect(counter(frames, 20).approximate).toBe(false);
  const sources = counter([...frames, ...many.slice(19)], 20);
  expect(sources.approximate).toBe(true);
  expect(sources.top(1)).toMatchObject([{ source: "198.51.100.1", packets: 2 }]);
});
