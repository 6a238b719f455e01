// Sets that every policy of the site shares. Owner: platform team.
//
// 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849). Here they stand for
// the site's own and its users' addresses, so they are missing from `bogons`; put them there in a real site.

import { difference, feed, prefixes, union } from "pistonprotection";

export const networks = {
  /** How operators reach the nodes. */
  operators: prefixes("192.0.2.0/28", "2001:db8:ffff::/64"),

  /** Never a source on the Internet: RFC 6890 and its IANA registries. */
  bogons: prefixes(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
    "::/8",
    "100::/64",
    "fc00::/7",
    "fec0::/10",
    "ff00::/8",
  ),

  /** Sources of attacks seen lately, refreshed by a job; the guards stop an empty or a swollen file. */
  threats: feed("feeds/threats.txt", { minEntries: 20, maxEntries: 100_000 }),

  /** Addresses of the site's services: the backends of the other files listen here. */
  services: prefixes("203.0.113.0/24", "2001:db8:20::/48", "2001:db8:53::/48", "2001:db8:80::/48"),

  /** Partners whose probes look like attacks. */
  partners: prefixes("198.51.100.240/28"),

  hostile: difference("threats", "partners"),
  unwanted: union("bogons", "hostile"),
};
