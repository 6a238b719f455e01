// The addon's entry: maps, programs, links, object files and ring buffers of the kernel's BPF, through libbpf. It knows
// nothing of policies. `src/runtime/bpf` wraps it in TypeScript, and is the only caller.
#include "addon.h"

#include "packet-socket.h"

namespace piston {
namespace {

// Registers the class that errors of system calls are instances of.
void SetErrorClass(const Napi::CallbackInfo& info) {
  AddonData::Of(info.Env()).error = Napi::Persistent(info[0].As<Napi::Function>());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new AddonData());
  exports.Set("setErrorClass", Napi::Function::New(env, SetErrorClass, "setErrorClass"));
  DefineCapabilities(env, exports);
  DefineFeatures(env, exports);
  DefineLink(env, exports);
  DefineMap(env, exports);
  DefineMemory(env, exports);
  DefineObject(env, exports);
  DefineProgram(env, exports);
  DefineRingBuffer(env, exports);
  DefineRingReader(env, exports);
  DefineSeal(env, exports);
  DefineSha256(env, exports);
  DefineSystem(env, exports);
  exports.Set("PacketSocket", PacketSocket::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(piston_bpf, Init)

}  // namespace piston
