// XDP links on a veth pair of our own: attach, query, compare-and-swap, detach, pins.

import { afterEach, beforeEach, expect, test } from "vitest";
import { BpfProgram, interfaceIndex, interfaceName, XdpLink, xdpQuery } from "./index.ts";
import { describeKernel, loadFilter, pinDirectory, vethPair, XDP_DROP, XDP_PASS } from "./testdata/kernel.ts";

describeKernel("an XDP link", () => {
  let veth: ReturnType<typeof vethPair>;
  let pins: ReturnType<typeof pinDirectory>;
  beforeEach(() => {
    veth = vethPair();
    pins = pinDirectory("link");
  });
  afterEach(() => {
    pins[Symbol.dispose]();
    veth[Symbol.dispose]();
  });

  test.each(["native", "generic"] as const)("attaches in %s mode, and the interface says so", (mode) => {
    const { program } = loadFilter();
    expect(xdpQuery(veth.ifindex)).toBeNull();
    using link = XdpLink.attach(program, veth.ifindex, mode);
    expect(link.info).toMatchObject({ programId: program.info.id, ifindex: veth.ifindex });
    expect(xdpQuery(veth.ifindex)).toEqual({ programId: program.info.id, mode });
    link.close();
    expect(xdpQuery(veth.ifindex)).toBeNull();
  });

  test("is moved to another program, and outlives the handle of the first", () => {
    const first = loadFilter(XDP_PASS).program;
    const second = loadFilter(XDP_DROP).program;
    using link = XdpLink.attach(first, veth.ifindex, "native");
    link.update(second);
    first.close();
    expect(link.info.programId).toBe(second.info.id);
    expect(xdpQuery(veth.ifindex)?.programId).toBe(second.info.id);
  });

  test("is moved only from the program that is expected there", () => {
    const [first, second, third] = [loadFilter().program, loadFilter().program, loadFilter().program];
    using link = XdpLink.attach(first, veth.ifindex, "native");
    expect(() => link.update(third, second)).toThrow(
      expect.objectContaining({ code: "EPERM", operation: "link update", object: `filter on ${veth.name}` }),
    );
    expect(link.info.programId).toBe(first.info.id);
    link.update(second, first);
    expect(link.info.programId).toBe(second.info.id);
  });

  test("does not replace a program that is there already", () => {
    const { program } = loadFilter();
    using first = XdpLink.attach(program, veth.ifindex, "native");
    expect(() => XdpLink.attach(loadFilter().program, veth.ifindex, "native")).toThrow(
      `link attach filter on ${veth.name}: EBUSY`,
    );
    expect(xdpQuery(veth.ifindex)?.programId).toBe(first.info.programId);
  });

  test("detaches while its handle is open, and then cannot be moved", () => {
    const { program } = loadFilter();
    using link = XdpLink.attach(program, veth.ifindex, "native");
    link.detach();
    expect(xdpQuery(veth.ifindex)).toBeNull();
    expect(link.info.ifindex).toBe(0);
    expect(() => link.update(loadFilter().program)).toThrow(
      "ENOLINK (Link has been severed): the link is detached",
    );
  });

  test("stays attached through its pin, and is adopted by path and by id", () => {
    const { program } = loadFilter();
    const link = XdpLink.attach(program, veth.ifindex, "native");
    link.pin(pins.path("link"));
    const { id } = link.info;
    link.close();
    program.close();
    expect(xdpQuery(veth.ifindex)).not.toBeNull();
    using adopted = XdpLink.openPinned(pins.path("link"));
    using byId = XdpLink.fromId(id);
    expect(adopted.info).toEqual(byId.info);
    using running = BpfProgram.fromId(adopted.info.programId);
    const next = loadFilter().program;
    adopted.update(next, running);
    expect(byId.info.programId).toBe(next.info.id);
    adopted.detach();
  });

  test("says that its interface is gone", () => {
    using link = XdpLink.attach(loadFilter().program, veth.ifindex, "native");
    const { ifindex } = veth;
    veth[Symbol.dispose]();
    expect(link.info.ifindex).toBe(0);
    expect(() => xdpQuery(ifindex)).toThrow(`xdp query interface ${ifindex}: ENODEV`);
    expect(() => XdpLink.attach(loadFilter().program, ifindex, "native")).toThrow(
      `filter on interface ${ifindex}`,
    );
    veth = vethPair();
  });

  test("goes by interface indexes that match their names", () => {
    expect(interfaceIndex(veth.name)).toBe(veth.ifindex);
    expect(interfaceName(veth.ifindex)).toBe(veth.name);
    expect(interfaceIndex("no-such-if")).toBeNull();
    expect(interfaceName(2 ** 31 - 1)).toBeNull();
    expect(interfaceIndex("lo")).toBe(1);
  });
});
