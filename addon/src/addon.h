// What one JavaScript environment (the main thread, or one worker) has of the addon: its constructors. Nothing here is
// static, so the addon may be loaded by many threads of one process.
#pragma once

#include <napi.h>

namespace piston {

struct AddonData {
  Napi::FunctionReference error;
  Napi::FunctionReference link;
  Napi::FunctionReference map;
  Napi::FunctionReference object;
  Napi::FunctionReference program;
  Napi::FunctionReference ring_buffer;
  Napi::FunctionReference ring_reader;
  Napi::FunctionReference sha256;

  static AddonData& Of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }
};

void DefineCapabilities(Napi::Env env, Napi::Object exports);
void DefineFeatures(Napi::Env env, Napi::Object exports);
void DefineLink(Napi::Env env, Napi::Object exports);
void DefineMap(Napi::Env env, Napi::Object exports);
void DefineMemory(Napi::Env env, Napi::Object exports);
void DefineObject(Napi::Env env, Napi::Object exports);
void DefineProgram(Napi::Env env, Napi::Object exports);
void DefineRingBuffer(Napi::Env env, Napi::Object exports);
void DefineRingReader(Napi::Env env, Napi::Object exports);
void DefineSeal(Napi::Env env, Napi::Object exports);
void DefineSha256(Napi::Env env, Napi::Object exports);
void DefineSystem(Napi::Env env, Napi::Object exports);

}  // namespace piston
