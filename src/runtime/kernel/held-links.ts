// The links of a fleet as open handles. A pin keeps a link when its agent is gone; a handle keeps it when its pin is: an
// unmounted bpffs or an `rm` must not take the filter off. And a handle says without opening anything whether the link is
// still attached, which is what health asks when no file descriptor is left.

import { existsSync } from "node:fs";
import { XdpLink } from "../bpf/index.ts";
import { type AttachMode, attachedMode, pinnedLinks } from "./links.ts";
import { linkPin, type PinLayout, unpin } from "./pins.ts";

interface HeldLink {
  readonly link: XdpLink;
  /** A link keeps its mode for life; asked once, because asking opens a socket. */
  readonly mode: AttachMode | null;
}

export interface AttachedLink {
  readonly programId: number;
  readonly mode: AttachMode | null;
}

export class HeldLinks {
  readonly #layout: PinLayout;
  #links = new Map<string, HeldLink>();

  constructor(layout: PinLayout) {
    this.#layout = layout;
    this.renew();
  }

  /** Takes what is pinned now in the place of what was held. */
  renew(): void {
    const links = new Map(
      pinnedLinks(this.#layout).map(({ interfaceName, link, ifindex }) => [
        interfaceName,
        { link, mode: attachedMode(interfaceName, ifindex) },
      ]),
    );
    this.close();
    this.#links = links;
  }

  /**
   * By interface; a system call for each, and no descriptor. Links that were detached from outside, or whose interface is
   * gone, are let go of, with their pins.
   */
  attached(): Map<string, AttachedLink> {
    const attached = new Map<string, AttachedLink>();
    for (const [name, { link, mode }] of this.#links) {
      const { ifindex, programId } = link.info;
      if (ifindex !== 0) {
        attached.set(name, { programId, mode });
        continue;
      }
      link.close();
      this.#links.delete(name);
      unpin(linkPin(this.#layout, name));
    }
    return attached;
  }

  /** Whether every link that is held is pinned. */
  get pinned(): boolean {
    return [...this.#links.keys()].every((name) => existsSync(linkPin(this.#layout, name)));
  }

  /** Gives those their pins back that have lost them. */
  pin(): void {
    for (const [name, { link }] of this.#links) {
      const path = linkPin(this.#layout, name);
      if (!existsSync(path)) link.pin(path);
    }
  }

  close(): void {
    for (const { link } of this.#links.values()) link.close();
    this.#links.clear();
  }
}
