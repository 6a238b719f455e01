// The kernel's BPF for the rest of the runtime: maps, programs, links, object files and ring buffers, over the addon in
// addon/ and libbpf. It knows nothing of policies. Importing it never fails; the first use throws BpfUnavailableError
// where the addon cannot be had. Every handle closes by close(), by `using`, or when it is collected.

export {
  bpfUnavailable,
  type LinkInfo,
  type MapInfo,
  type ObjectMap,
  type ObjectProgram,
  type ProbedFeatures,
  type ProgramInfo,
  type XdpState,
} from "./addon.ts";
export { BpfError, BpfUnavailableError } from "./errors.ts";
export { XdpLink, xdpQuery } from "./link.ts";
export { BpfMap, MAP_FLAGS, type MapDefinition, type MapType } from "./map.ts";
export { BpfObject } from "./object.ts";
export { BpfProgram, type TestRunOptions, type TestRunResult } from "./program.ts";
export { RingBuffer } from "./ring-buffer.ts";
export { type RecordSlots, type RingPositions, RingReader } from "./ring-reader.ts";
export { Sha256 } from "./sha256.ts";
export {
  dropCapabilities,
  enterNetworkNamespace,
  interfaceIndex,
  interfaceName,
  isBpffs,
  ktimeNs,
  mountBpffs,
  possibleCpus,
  probeFeatures,
  probeHelper,
  probeMapType,
  releaseMemory,
} from "./system.ts";
