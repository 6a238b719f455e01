// Opens programs, and tells what the kernel knows of one.
#include "program.h"

#include <bpf/libbpf.h>

#include <vector>

namespace piston {
namespace {

Napi::Value OpenPinned(const Napi::CallbackInfo& info) {
  std::string path = ReadString(info[0], "path");
  Fd fd(bpf_obj_get(path.c_str()));
  return Program::Adopt(info.Env(), "program open", {std::move(fd), path});
}

Napi::Value FromId(const Napi::CallbackInfo& info) {
  uint32_t id = ReadU32(info[0], "id");
  Fd fd(bpf_prog_get_fd_by_id(id));
  return Program::Adopt(info.Env(), "program open", {std::move(fd), "id " + std::to_string(id)});
}

std::string Hex(const uint8_t* bytes, size_t count) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < count; i++) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

Program::Program(const Napi::CallbackInfo& info) : Handle(info) {
  struct bpf_prog_info kernel = {};
  uint32_t length = sizeof(kernel);
  if (bpf_obj_get_info_by_fd(Use("program info"), &kernel, &length)) Fail(info.Env(), {"program info", name(), errno});
  type_ = kernel.type;
  Rename(kernel.name);
}

Napi::Value Program::Info(const Napi::CallbackInfo& info) {
  int fd = Use("program info");
  struct bpf_prog_info kernel = {};
  uint32_t length = sizeof(kernel);
  if (bpf_obj_get_info_by_fd(fd, &kernel, &length)) Fail(info.Env(), {"program info", name(), errno});
  std::vector<uint32_t> maps(kernel.nr_map_ids);
  if (!maps.empty()) {
    // The first call gave the count; the second fills the list. A program's maps do not change after its load.
    kernel = {};
    kernel.nr_map_ids = static_cast<uint32_t>(maps.size());
    kernel.map_ids = reinterpret_cast<uintptr_t>(maps.data());
    length = sizeof(kernel);
    if (bpf_obj_get_info_by_fd(fd, &kernel, &length)) Fail(info.Env(), {"program info", name(), errno});
  }
  Napi::Array ids = Napi::Array::New(info.Env(), maps.size());
  for (uint32_t i = 0; i < maps.size(); i++) ids.Set(i, maps[i]);
  const char* type = libbpf_bpf_prog_type_str(static_cast<enum bpf_prog_type>(kernel.type));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("id", kernel.id);
  result.Set("type", type ? std::string(type) : std::to_string(kernel.type));
  result.Set("name", kernel.name);
  result.Set("tag", Hex(kernel.tag, sizeof(kernel.tag)));
  result.Set("mapIds", ids);
  result.Set("xlatedBytes", kernel.xlated_prog_len);
  result.Set("jitedBytes", kernel.jited_prog_len);
  result.Set("verifiedInstructions", kernel.verified_insns);
  result.Set("loadTimeNs", Napi::BigInt::New(info.Env(), static_cast<uint64_t>(kernel.load_time)));
  return result;
}

Napi::Function Program::Define(Napi::Env env) {
  return DefineClass(env, "NativeProgram",
                     {
                         InstanceMethod<&Program::Info>("info"),
                         InstanceMethod<&Program::TestRun>("testRun"),
                         InstanceMethod<&Program::Measure>("measure"),
                         InstanceMethod<&Program::TestRunMany>("testRunMany"),
                         InstanceMethod<&Program::TestRunLive>("testRunLive"),
                         InstanceMethod("pin", &Program::Pin),
                         InstanceMethod("close", &Program::Close),
                         InstanceMethod("isClosed", &Program::IsClosed),
                     });
}

void DefineProgram(Napi::Env env, Napi::Object exports) {
  AddonData::Of(env).program = Napi::Persistent(Program::Define(env));
  exports.Set("openPinnedProgram", Napi::Function::New<OpenPinned>(env, "openPinnedProgram"));
  exports.Set("programFromId", Napi::Function::New<FromId>(env, "programFromId"));
}

}  // namespace piston
