// One BPF map.
#pragma once

#include "handle.h"

namespace piston {

class Map : public Handle<Map> {
 public:
  static constexpr const char* kKind = "map";
  static constexpr napi_type_tag kTag = {0x2d1f6ad0f7a84c51, 0x8c5b1f4be0a39e01};
  static Napi::FunctionReference& Constructor(AddonData& data) { return data.map; }
  static Napi::Function Define(Napi::Env env);

  explicit Map(const Napi::CallbackInfo& info);

  uint32_t type() const { return type_; }
  uint32_t max_entries() const { return max_entries_; }
  uint32_t key_bytes() const { return key_bytes_; }
  uint32_t value_bytes() const { return value_bytes_; }

 private:
  // map.cc
  Napi::Value Info(const Napi::CallbackInfo& info);
  Napi::Value ValueBytes(const Napi::CallbackInfo& info);
  Napi::Value Lookup(const Napi::CallbackInfo& info);
  void Update(const Napi::CallbackInfo& info);
  Napi::Value Delete(const Napi::CallbackInfo& info);
  Napi::Value NextKey(const Napi::CallbackInfo& info);
  void Freeze(const Napi::CallbackInfo& info);
  // map-bulk.cc
  Napi::Value ReadAll(const Napi::CallbackInfo& info);
  Napi::Value ReadRange(const Napi::CallbackInfo& info);
  void WriteImage(const Napi::CallbackInfo& info);
  Napi::Value ReadImage(const Napi::CallbackInfo& info);
  Napi::Value HoldsImage(const Napi::CallbackInfo& info);

  const uint8_t* Key(const char* operation, Napi::Value value);
  void ReadOneByOne(int fd, struct Entries* entries);
  void CheckImage(const char* operation, size_t offset, size_t length);

  uint32_t type_ = 0;
  uint32_t key_bytes_ = 0;
  uint32_t value_bytes_ = 0;
  uint32_t max_entries_ = 0;
  uint32_t flags_ = 0;
  // Bytes that the kernel copies for one value: of a per-CPU map, each possible CPU's value rounded up to 8.
  size_t copied_bytes_ = 0;
};

}  // namespace piston
