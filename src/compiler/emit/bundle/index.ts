// What other rooms import of the bundle emitter.

export { type BundleInput, bundlePath, emitBundle } from "./emit-bundle.ts";
