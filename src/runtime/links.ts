// XDP links of a fleet: found by their pins, made, and moved from one program to another as one step for each interface.
// A program that is on an interface by another hand is never touched.

import { BpfProgram, interfaceIndex, interfaceName, XdpLink, xdpQuery } from "./bpf/index.ts";
import { errnoOf, messageOf, RuntimeFault } from "./errors.ts";
import type { InterfaceState } from "./health.ts";
import { entries, linkPin, type PinLayout, unescapePinName, unpin } from "./pins.ts";

export type AttachMode = "native" | "generic";

export interface PinnedLink {
  readonly interfaceName: string;
  readonly link: XdpLink;
  readonly programId: number;
  readonly ifindex: number;
}

/** Links that are attached. Pins of links whose interface is gone are removed. The caller closes them. */
export function pinnedLinks(layout: PinLayout): PinnedLink[] {
  const found: PinnedLink[] = [];
  for (const pin of entries(layout.links)) {
    const path = `${layout.links}/${pin}`;
    const link = XdpLink.openPinned(path);
    const { ifindex, programId } = link.info;
    if (ifindex === 0) {
      link.close();
      unpin(path);
      continue;
    }
    found.push({ interfaceName: unescapePinName(pin), link, programId, ifindex });
  }
  return found;
}

export function closeLinks(links: readonly PinnedLink[]): void {
  for (const { link } of links) link.close();
}

/**
 * Puts the program in charge of all interfaces: links that are there are moved, the others are made and pinned. Where one
 * fails the earlier ones are put back, and what the fault says is true: nothing has changed. Further links of the fleet
 * are left alone.
 */
export function moveLinks(
  layout: PinLayout,
  interfaces: readonly string[],
  mode: AttachMode,
  program: BpfProgram,
): void {
  const links = pinnedLinks(layout);
  const undo: (() => void)[] = [];
  try {
    const programId = program.info.id;
    const steps = interfaces.map((name) => ({
      name,
      ifindex: requireInterface(name),
      link: links.find((l) => l.interfaceName === name),
    }));
    for (const { name, ifindex, link } of steps) requireOurs(name, ifindex, link ?? null);
    for (const { name, ifindex, link } of steps) {
      if (!link) undo.push(attach(layout, name, ifindex, mode, program));
      else if (link.programId !== programId) undo.push(move(name, link, program));
    }
  } catch (error) {
    for (const back of undo.toReversed()) back();
    throw error;
  } finally {
    closeLinks(links);
  }
}

function requireInterface(name: string): number {
  const ifindex = interfaceIndex(name);
  if (ifindex !== null) return ifindex;
  throw new RuntimeFault({
    code: "no-interface",
    operation: "attach",
    object: `interface ${name}`,
    message: `there is no interface ${name} in this network namespace`,
    help: "name an interface that `ip link` shows, by --interface or in the fleet's policy",
    errno: "ENODEV",
  });
}

function requireOurs(name: string, ifindex: number, link: PinnedLink | null): void {
  if (link && link.ifindex !== ifindex) {
    throw new RuntimeFault({
      code: "link-elsewhere",
      operation: "attach",
      object: `interface ${name}`,
      message: `the pinned link of ${name} is on ${interfaceName(link.ifindex) ?? "an interface of another network namespace"} (index ${link.ifindex}), not on ${name} (index ${ifindex})`,
      help: "run the agent in the network namespace that it ran in before, or detach the fleet first",
    });
  }
  if (link) return;
  const serving = xdpQuery(ifindex);
  if (serving) throw foreign(name, serving.programId);
}

function foreign(name: string, programId: number): RuntimeFault {
  const program = programName(programId);
  return new RuntimeFault({
    code: "foreign-program",
    operation: "attach",
    object: `interface ${name}`,
    message: `interface ${name} has an XDP program that is not this fleet's: id ${programId}, name ${program}`,
    help: `see \`bpftool prog show id ${programId}\`; if it may go, take it off (\`ip link set dev ${name} xdp off\`, or end its owner), and start again`,
    errno: "EBUSY",
  });
}

function programName(id: number): string {
  try {
    const program = BpfProgram.fromId(id);
    try {
      return program.info.name;
    } finally {
      program.close();
    }
  } catch {
    return "unknown"; // gone in between
  }
}

/** Returns what takes it back. */
function attach(
  layout: PinLayout,
  name: string,
  ifindex: number,
  mode: AttachMode,
  program: BpfProgram,
): () => void {
  let link: XdpLink;
  try {
    link = XdpLink.attach(program, ifindex, mode);
  } catch (error) {
    const other = errnoOf(error) === "EBUSY" ? xdpQuery(ifindex) : null;
    if (other) throw foreign(name, other.programId);
    throw new RuntimeFault({
      code: "attach",
      operation: "attach",
      object: `interface ${name}`,
      message: `cannot attach to ${name} in ${mode} mode: ${messageOf(error)}`,
      help:
        mode === "native"
          ? "see whether the driver has native XDP and whether the MTU allows it; `generic` works everywhere, slower"
          : "see the kernel's message",
      cause: error,
    });
  }
  const path = linkPin(layout, name);
  try {
    link.pin(path);
  } catch (error) {
    link.detach();
    link.close();
    throw error;
  }
  return () => {
    unpin(path);
    link.detach();
    link.close();
  };
}

function move(name: string, link: PinnedLink, program: BpfProgram): () => void {
  const old = BpfProgram.fromId(link.programId);
  try {
    link.link.update(program, old);
  } catch (error) {
    old.close();
    throw new RuntimeFault({
      code: "link-update",
      operation: "update link",
      object: `interface ${name}`,
      message: `cannot move the link of ${name} to the new generation: ${messageOf(error)}`,
      help: "see whether another agent or bpftool works on the same link; the agent tries again with the next bundle",
      cause: error,
    });
  }
  return () => {
    link.link.update(old, program);
    old.close();
  };
}

/** Takes the links of all interfaces but these off, and removes their pins. */
export function detachOthers(layout: PinLayout, interfaces: readonly string[]): string[] {
  const detached: string[] = [];
  for (const { interfaceName: name, link } of pinnedLinks(layout)) {
    if (!interfaces.includes(name)) {
      unpin(linkPin(layout, name));
      link.detach();
      detached.push(name);
    }
    link.close();
  }
  return detached;
}

/** What each interface has, for /health. */
export function interfaceStates(
  layout: PinLayout,
  interfaces: readonly string[],
  mode: AttachMode,
  programId: number | null,
): InterfaceState[] {
  const links = pinnedLinks(layout);
  closeLinks(links);
  return interfaces.map((name) => {
    const link = links.find((entry) => entry.interfaceName === name);
    if (!link) return { name, mode, attached: false, programId: null };
    const query = interfaceIndex(name) === link.ifindex ? xdpQuery(link.ifindex) : null;
    return {
      name,
      mode: query?.mode === "generic" ? "generic" : query ? "native" : mode,
      attached: programId !== null && link.programId === programId,
      programId: link.programId,
    };
  });
}
