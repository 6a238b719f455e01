// XDP links of a fleet: found by their pins, made, and moved from one program to another as one step for each interface.
// A program that is on an interface by another hand is never touched.

import { join } from "node:path";
import { BpfProgram, interfaceIndex, interfaceName, XdpLink, xdpQuery } from "../bpf/index.ts";
import { errnoOf, messageOf, RuntimeFault } from "../errors.ts";
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

export interface Placement {
  readonly interfaces: readonly string[];
  readonly mode: AttachMode;
}

/**
 * Puts the program in charge of the interfaces: links that are there are moved, the others are made and pinned. Where one
 * fails the earlier ones are put back, and what the fault says is true: nothing has changed. Other links of the fleet
 * are left alone. `null`: the links that there are, whatever network namespace their interfaces are in.
 */
export function moveLinks(layout: PinLayout, placement: Placement | null, program: BpfProgram): void {
  const links = pinnedLinks(layout);
  const steps: Step[] = [];
  try {
    const programId = program.info.id;
    const made = placement ? missingLinks(links, placement.interfaces) : [];
    for (const link of links)
      if (link.programId !== programId && (placement?.interfaces.includes(link.interfaceName) ?? true))
        steps.push(move(layout, link, program));
    for (const { name, ifindex } of made)
      steps.push(attach(layout, name, ifindex, placement?.mode ?? "native", program));
  } catch (error) {
    takeBack(steps, error);
    throw error;
  } finally {
    for (const step of steps) step.close();
    closeLinks(links);
  }
}

/** Interfaces to attach to. Throws a fault where one is not there, or is not ours to take. */
function missingLinks(links: readonly PinnedLink[], interfaces: readonly string[]) {
  const missing: { readonly name: string; readonly ifindex: number }[] = [];
  for (const name of interfaces) {
    const ifindex = requireInterface(name);
    const link = links.find((one) => one.interfaceName === name) ?? null;
    requireOurs(name, ifindex, link);
    if (!link) missing.push({ name, ifindex });
  }
  return missing;
}

/** A link that was made or moved. */
interface Step {
  undo(): void;
  close(): void;
}

function takeBack(steps: readonly Step[], cause: unknown): void {
  try {
    for (const step of steps.toReversed()) step.undo();
  } catch (error) {
    throw new RuntimeFault({
      code: "half-moved",
      operation: "roll back links",
      object: steps.length === 1 ? "1 interface" : `${steps.length} interfaces`,
      message: `${messageOf(cause)}; and the interfaces that had been moved cannot be put back: ${messageOf(error)}`,
      help: "restart the agent: it puts all interfaces on one generation",
      cause: error,
    });
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

/** To open another's program by its id takes CAP_SYS_ADMIN, which the agent's image does not have. */
function programName(id: number): string {
  try {
    using program = BpfProgram.fromId(id);
    return program.info.name;
  } catch (error) {
    return errnoOf(error) === "EPERM" ? "not to be had without CAP_SYS_ADMIN" : "unknown";
  }
}

function attach(
  layout: PinLayout,
  name: string,
  ifindex: number,
  mode: AttachMode,
  program: BpfProgram,
): Step {
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
  return {
    undo() {
      unpin(path);
      link.detach();
    },
    close: () => link.close(),
  };
}

/** Compares and swaps: where the link runs something else by now, the kernel refuses. */
function move(layout: PinLayout, pinned: PinnedLink, program: BpfProgram): Step {
  const { interfaceName: name, link } = pinned;
  const old = ownProgram(layout, pinned.programId);
  try {
    if (old) link.update(program, old);
    else link.update(program);
  } catch (error) {
    old?.close();
    throw new RuntimeFault({
      code: "link-update",
      operation: "update link",
      object: `interface ${name}`,
      message: `cannot move the link of ${name} to the new generation: ${messageOf(error)}`,
      help: "see whether another agent or bpftool works on the same link; the agent tries again",
      cause: error,
    });
  }
  return {
    undo() {
      if (old) link.update(old, program);
    },
    close: () => old?.close(),
  };
}

/** By its pin: by id would take CAP_SYS_ADMIN. null where the pin is gone and the link alone holds it. */
function ownProgram(layout: PinLayout, id: number): BpfProgram | null {
  for (const generation of entries(layout.generations)) {
    try {
      const program = BpfProgram.openPinned(join(layout.generations, generation, "program"));
      if (program.info.id === id) return program;
      program.close();
    } catch {
      // Half pinned.
    }
  }
  return null;
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

/** In which mode a link's interface runs it; null where it cannot be asked (another namespace, no descriptor left). */
export function attachedMode(interfaceName: string, ifindex: number): AttachMode | null {
  try {
    const query = interfaceIndex(interfaceName) === ifindex ? xdpQuery(ifindex) : null;
    return query && (query.mode === "generic" ? "generic" : "native");
  } catch {
    return null;
  }
}
