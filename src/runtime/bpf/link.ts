// XDP links: a program on an interface. A pinned link keeps filtering when its process is gone, and one update moves it
// to another program without a packet in between that sees neither.

import { type LinkInfo, loadAddon, type NativeLink, type XdpState } from "./addon.ts";
import { BpfProgram } from "./program.ts";

export class XdpLink {
  readonly #native: NativeLink;

  /** Use attach, openPinned or fromId. */
  constructor(handle: NativeLink) {
    this.#native = handle;
  }

  /** EBUSY where the interface has a program already, EOPNOTSUPP where its driver has no native XDP. */
  static attach(program: BpfProgram, ifindex: number, mode: "native" | "generic"): XdpLink {
    return new XdpLink(loadAddon().attachXdp(BpfProgram.nativeOf(program), ifindex, mode === "generic"));
  }

  static openPinned(path: string): XdpLink {
    return new XdpLink(loadAddon().openPinnedLink(path));
  }

  static fromId(id: number): XdpLink {
    return new XdpLink(loadAddon().linkFromId(id));
  }

  get info(): LinkInfo {
    return this.#native.info();
  }

  get closed(): boolean {
    return this.#native.isClosed();
  }

  /** Puts another program in charge, atomically. With `expectedOld` only where that one serves: EPERM otherwise. */
  update(newProgram: BpfProgram, expectedOld?: BpfProgram): void {
    const expected = expectedOld === undefined ? null : BpfProgram.nativeOf(expectedOld);
    this.#native.update(BpfProgram.nativeOf(newProgram), expected);
  }

  /** Gives it a name in bpffs, which keeps it attached. EEXIST where the path is taken. */
  pin(path: string): void {
    this.#native.pin(path);
  }

  /** Takes the program off the interface, even where the link is pinned. */
  detach(): void {
    this.#native.detach();
  }

  /** Lets go of this handle. An unpinned link with no other handle detaches. */
  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What XDP program serves an interface of this thread's network namespace. ENODEV where there is no such interface. */
export function xdpQuery(ifindex: number): XdpState | null {
  return loadAddon().xdpQuery(ifindex);
}
