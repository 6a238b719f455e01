// The interfaces of a fleet: those that it is to serve, as the command line or else the bundle says, and those that it does
// serve by links.

import type { Bundle } from "../../bundle/index.ts";
import { interfaceIndex } from "../bpf/index.ts";
import { RuntimeFault } from "../errors.ts";
import type { InterfaceState } from "../observe/health.ts";
import type { PinnedGeneration } from "./generation.ts";
import { HeldLinks } from "./held-links.ts";
import { type AttachMode, detachOthers, moveLinks, type Placement } from "./links.ts";
import type { PinLayout } from "./pins.ts";

export interface AttachmentOptions {
  /** Empty: those that the serving bundle names. */
  readonly interfaces: readonly string[];
  /** null: as the serving bundle says. */
  readonly mode: AttachMode | null;
}

export class Attachment {
  readonly links: HeldLinks;
  readonly #layout: PinLayout;
  readonly #options: AttachmentOptions;

  constructor(layout: PinLayout, options: AttachmentOptions) {
    this.#layout = layout;
    this.#options = options;
    this.links = new HeldLinks(layout);
  }

  /**
   * Where a bundle goes. An interface that has gone away since must not keep the others from a new policy: attachMissing()
   * sees to it when it comes back. Before the first generation a name that is not there is more likely mistyped, and is a fault.
   */
  placementOf(bundle: Bundle, serving: PinnedGeneration | null): Placement {
    const placement = this.#placement(bundle);
    if (placement.interfaces.length === 0) throw noInterfaces(bundle);
    if (!serving) return placement;
    const present = placement.interfaces.filter((name) => interfaceIndex(name) !== null);
    return present.length === 0 ? placement : { ...placement, interfaces: present };
  }

  /** False where a link is off, or an interface without one has come (back). */
  isCompleteFor(serving: PinnedGeneration): boolean {
    const links = this.links.attached();
    return this.#placement(serving).interfaces.every(
      (name) => links.has(name) || interfaceIndex(name) === null,
    );
  }

  /** Attaches the generation where an interface of the fleet has come (back) without a link. */
  attachMissing(serving: PinnedGeneration): string[] {
    const { interfaces, mode } = this.#placement(serving);
    const linked = this.links.attached();
    const missing = interfaces.filter((name) => !linked.has(name) && interfaceIndex(name) !== null);
    if (missing.length === 0) return missing;
    moveLinks(this.#layout, { interfaces: missing, mode }, serving.program);
    this.links.renew();
    return missing;
  }

  /** Takes links off that earlier agents made on interfaces which this one is not to serve. */
  detachOthers(serving: PinnedGeneration): string[] {
    const detached = detachOthers(this.#layout, this.#placement(serving).interfaces);
    if (detached.length > 0) this.links.renew();
    return detached;
  }

  states(serving: PinnedGeneration | null): InterfaceState[] {
    const { interfaces, mode } = this.#placement(serving);
    const links = this.links.attached();
    const serves = serving?.programId ?? null;
    return interfaces.map((name) => {
      const link = links.get(name);
      if (!link) return { name, mode, attached: false, programId: null };
      const { programId } = link;
      return { name, mode: link.mode ?? mode, attached: programId === serves, programId };
    });
  }

  #placement(from: { readonly manifest: PinnedGeneration["manifest"] } | null): Placement {
    const fleet = from?.manifest.fleet;
    const { interfaces, mode } = this.#options;
    return {
      interfaces: interfaces.length > 0 ? interfaces : (fleet?.interfaces ?? []),
      mode: mode ?? fleet?.attach ?? "native",
    };
  }
}

function noInterfaces(bundle: Bundle): RuntimeFault {
  const fleet = bundle.manifest.fleet.name;
  return new RuntimeFault({
    code: "no-interface",
    operation: "attach",
    object: `fleet ${fleet}`,
    message: `neither the policy of fleet ${fleet} nor the command line names an interface`,
    help: "give --interface, or `interfaces` in the fleet's policy",
  });
}
