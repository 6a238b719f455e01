// One loaded BPF program.
#pragma once

#include "handle.h"

namespace piston {

class Program : public Handle<Program> {
 public:
  static constexpr const char* kKind = "program";
  static constexpr napi_type_tag kTag = {0x5e0c8a4c16b14b72, 0x91c9e7a2d4f06b02};
  static Napi::FunctionReference& Constructor(AddonData& data) { return data.program; }
  static Napi::Function Define(Napi::Env env);

  explicit Program(const Napi::CallbackInfo& info);

 private:
  // program.cc
  Napi::Value Info(const Napi::CallbackInfo& info);
  // test-run.cc
  Napi::Value TestRun(const Napi::CallbackInfo& info);
  Napi::Value Measure(const Napi::CallbackInfo& info);
  void TestRunMany(const Napi::CallbackInfo& info);
  Napi::Value TestRunLive(const Napi::CallbackInfo& info);

  uint32_t type_ = 0;
};

}  // namespace piston
