// Makes and opens maps, and reads and writes single entries.
#include "map.h"

#include <bpf/libbpf.h>

#include <vector>

namespace piston {
namespace {

bool IsPerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
         type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

// libbpf's own names: "array", "percpu_array", "lru_hash". 0 (unspec) where there is no such type.
uint32_t TypeByName(const std::string& name) {
  for (uint32_t type = 1;; type++) {
    const char* known = libbpf_bpf_map_type_str(static_cast<enum bpf_map_type>(type));
    if (!known) return 0;
    if (name == known) return type;
  }
}

Napi::Value Create(const Napi::CallbackInfo& info) {
  std::string type_name = ReadString(info[0], "type");
  std::string name = ReadString(info[1], "name");
  uint32_t type = TypeByName(type_name);
  if (type == 0) Fail(info.Env(), {"map create", name, EINVAL, "there is no map type \"" + type_name + "\""});
  auto options = Options<bpf_map_create_opts>();
  options.map_flags = ReadU32(info[5], "flags");
  Opened opened;
  opened.name = name;
  opened.fd = Fd(bpf_map_create(static_cast<enum bpf_map_type>(type), name.c_str(), ReadU32(info[2], "keyBytes"),
                                ReadU32(info[3], "valueBytes"), ReadU32(info[4], "maxEntries"), &options));
  return Map::Adopt(info.Env(), "map create", std::move(opened));
}

Napi::Value OpenPinned(const Napi::CallbackInfo& info) {
  std::string path = ReadString(info[0], "path");
  Fd fd(bpf_obj_get(path.c_str()));
  return Map::Adopt(info.Env(), "map open", {std::move(fd), path});
}

Napi::Value FromId(const Napi::CallbackInfo& info) {
  uint32_t id = ReadU32(info[0], "id");
  Fd fd(bpf_map_get_fd_by_id(id));
  return Map::Adopt(info.Env(), "map open", {std::move(fd), "id " + std::to_string(id)});
}

}  // namespace

Map::Map(const Napi::CallbackInfo& info) : Handle(info) {
  struct bpf_map_info kernel = {};
  uint32_t length = sizeof(kernel);
  if (bpf_obj_get_info_by_fd(Use("map info"), &kernel, &length)) Fail(info.Env(), {"map info", name(), errno});
  type_ = kernel.type;
  key_bytes_ = kernel.key_size;
  value_bytes_ = kernel.value_size;
  max_entries_ = kernel.max_entries;
  flags_ = kernel.map_flags;
  copied_bytes_ = value_bytes_;
  if (IsPerCpu(type_)) {
    int cpus = libbpf_num_possible_cpus();
    if (cpus < 0) Fail(info.Env(), {"possible cpus", "/sys/devices/system/cpu/possible", cpus});
    copied_bytes_ = (static_cast<size_t>(value_bytes_) + 7) / 8 * 8 * static_cast<size_t>(cpus);
  }
  Rename(kernel.name);
}

Napi::Value Map::Info(const Napi::CallbackInfo& info) {
  int fd = Use("map info");
  struct bpf_map_info kernel = {};
  uint32_t length = sizeof(kernel);
  if (bpf_obj_get_info_by_fd(fd, &kernel, &length)) Fail(info.Env(), {"map info", name(), errno});
  const char* type = libbpf_bpf_map_type_str(static_cast<enum bpf_map_type>(kernel.type));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("id", kernel.id);
  result.Set("type", type ? std::string(type) : std::to_string(kernel.type));
  result.Set("name", kernel.name);
  result.Set("keyBytes", kernel.key_size);
  result.Set("valueBytes", kernel.value_size);
  result.Set("maxEntries", kernel.max_entries);
  result.Set("flags", kernel.map_flags);
  // Not "false" where it cannot be had: a table that is not frozen is none of ours, and would be unpinned.
  long frozen, memory;
  if (!FdInfo(fd, {{"frozen", &frozen}, {"memlock", &memory}})) Fail(info.Env(), {"map info", name(), errno});
  result.Set("frozen", frozen == 1);
  result.Set("memoryBytes", static_cast<double>(memory));
  return result;
}

// What a map has for life, without asking the kernel.
Napi::Value Map::ValueBytes(const Napi::CallbackInfo& info) {
  Use("map info");
  return Napi::Number::New(info.Env(), value_bytes_);
}

const uint8_t* Map::Key(const char* operation, Napi::Value value) {
  Bytes key = ReadBytes(value, "key");
  if (key.size != key_bytes_) {
    Fail(value.Env(), {operation, name(), EINVAL,
                       "the key has " + std::to_string(key.size) + " bytes, the map's have " + std::to_string(key_bytes_)});
  }
  return key.data;
}

Napi::Value Map::Lookup(const Napi::CallbackInfo& info) {
  int fd = Use("map lookup");
  const uint8_t* key = Key("map lookup", info[0]);
  auto value = Napi::Uint8Array::New(info.Env(), copied_bytes_);
  if (bpf_map_lookup_elem(fd, key, value.Data()) == 0) return value;
  if (errno == ENOENT) return info.Env().Null();
  Fail(info.Env(), {"map lookup", name(), errno});
}

void Map::Update(const Napi::CallbackInfo& info) {
  int fd = Use("map update");
  const uint8_t* key = Key("map update", info[0]);
  Bytes value = ReadBytes(info[1], "value");
  if (value.size != copied_bytes_) {
    Fail(info.Env(), {"map update", name(), EINVAL,
                      "the value has " + std::to_string(value.size) + " bytes, the map's have " + std::to_string(copied_bytes_)});
  }
  if (bpf_map_update_elem(fd, key, value.data, ReadU32(info[2], "flags"))) Fail(info.Env(), {"map update", name(), errno});
}

Napi::Value Map::Delete(const Napi::CallbackInfo& info) {
  int fd = Use("map delete");
  if (bpf_map_delete_elem(fd, Key("map delete", info[0])) == 0) return Napi::Boolean::New(info.Env(), true);
  if (errno == ENOENT) return Napi::Boolean::New(info.Env(), false);
  Fail(info.Env(), {"map delete", name(), errno});
}

// The key after the given one, the first one for null; null after the last.
Napi::Value Map::NextKey(const Napi::CallbackInfo& info) {
  int fd = Use("map keys");
  const uint8_t* key = info[0].IsNull() ? nullptr : Key("map keys", info[0]);
  auto next = Napi::Uint8Array::New(info.Env(), key_bytes_);
  if (bpf_map_get_next_key(fd, key, next.Data()) == 0) return next;
  if (errno == ENOENT) return info.Env().Null();
  Fail(info.Env(), {"map keys", name(), errno});
}

void Map::Freeze(const Napi::CallbackInfo& info) {
  if (bpf_map_freeze(Use("map freeze"))) Fail(info.Env(), {"map freeze", name(), errno});
}

Napi::Function Map::Define(Napi::Env env) {
  return DefineClass(env, "NativeMap",
                     {
                         InstanceMethod<&Map::Info>("info"),
                         InstanceMethod<&Map::ValueBytes>("valueBytes"),
                         InstanceMethod<&Map::Lookup>("lookup"),
                         InstanceMethod<&Map::Update>("update"),
                         InstanceMethod<&Map::Delete>("delete"),
                         InstanceMethod<&Map::NextKey>("nextKey"),
                         InstanceMethod<&Map::Freeze>("freeze"),
                         InstanceMethod<&Map::ReadAll>("readAll"),
                         InstanceMethod<&Map::ReadRange>("readRange"),
                         InstanceMethod<&Map::WriteImage>("writeImage"),
                         InstanceMethod<&Map::ReadImage>("readImage"),
                         InstanceMethod<&Map::HoldsImage>("holdsImage"),
                         InstanceMethod("pin", &Map::Pin),
                         InstanceMethod("close", &Map::Close),
                         InstanceMethod("isClosed", &Map::IsClosed),
                     });
}

void DefineMap(Napi::Env env, Napi::Object exports) {
  AddonData::Of(env).map = Napi::Persistent(Map::Define(env));
  exports.Set("createMap", Napi::Function::New<Create>(env, "createMap"));
  exports.Set("openPinnedMap", Napi::Function::New<OpenPinned>(env, "openPinnedMap"));
  exports.Set("mapFromId", Napi::Function::New<FromId>(env, "mapFromId"));
}

}  // namespace piston
