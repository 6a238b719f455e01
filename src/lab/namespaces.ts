// Two network namespaces joined by a veth pair: `edge`, where the agent filters, and `world`, from where traffic comes. Nothing
// here touches an interface of the machine. Used by the demo and by the kernel tests.

import { execFileSync } from "node:child_process";

export interface Namespaces {
  /** Path of the namespace, for setns and `nsenter --net=`. */
  readonly edge: string;
  readonly world: string;
  /** The interface in either namespace. */
  readonly interface: string;
  /** Takes the interface away, at both ends. */
  unplug(): void;
  /** Makes it anew. Sockets on the old one are of no use any more. */
  plug(): void;
  close(): void;
}

const INTERFACE = "eth0";
// The addresses that src/packet builds frames from and to unless told otherwise.
const EDGE_MAC = "02:00:00:00:00:02";
const WORLD_MAC = "02:00:00:00:00:01";

/**
 * @param prefix begins the names of both namespaces; the process id follows, so that two runs never meet.
 * Throws where a command fails (no root, no iproute2), with what the command said.
 */
export function createNamespaces(prefix: string): Namespaces {
  const edge = `${prefix}-${process.pid}-edge`;
  const world = `${prefix}-${process.pid}-world`;
  const close = () => {
    for (const name of [edge, world]) {
      try {
        ip("netns", "delete", name);
      } catch {
        // It was not made, or is gone: nothing is left of it either way.
      }
    }
  };
  const plug = () => {
    const peer = ["peer", "name", INTERFACE, "address", WORLD_MAC, "netns", world];
    ip("-n", edge, "link", "add", INTERFACE, "address", EDGE_MAC, "type", "veth", ...peer);
    for (const name of [edge, world]) ip("-n", name, "link", "set", INTERFACE, "arp", "off", "up");
  };
  try {
    for (const name of [edge, world]) {
      ip("netns", "add", name);
      // The kernel's own router solicitations and multicast reports would be packets that nobody sent on purpose.
      within(
        name,
        "sh",
        "-c",
        "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e $f ] || echo 1 > $f; done",
      );
      ip("-n", name, "link", "set", "lo", "up");
    }
    plug();
  } catch (error) {
    close();
    throw error;
  }
  return {
    edge: `/run/netns/${edge}`,
    world: `/run/netns/${world}`,
    interface: INTERFACE,
    unplug: () => ip("-n", edge, "link", "delete", INTERFACE),
    plug,
    close,
  };
}

/**
 * The words that run a command in a namespace. `ip netns exec` would mount another /sys, and with it hide the bpffs that
 * the agent pins to; nsenter changes the network namespace alone.
 */
export function inNamespace(path: string, command: readonly string[]): [string, string[]] {
  return ["nsenter", [`--net=${path}`, "--", ...command]];
}

function within(name: string, ...command: string[]): void {
  const [file, args] = inNamespace(`/run/netns/${name}`, command);
  execFileSync(file, args, { stdio: ["ignore", "ignore", "pipe"] });
}

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
