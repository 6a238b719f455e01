// Reads and writes many entries of a map at once: by batches, or as the memory image of an mmap-able array.
#include <algorithm>
#include <vector>

#include "map.h"
#include "mapping.h"

namespace piston {

struct Entries {
  std::vector<uint8_t> keys;
  std::vector<uint8_t> values;
  size_t count = 0;
};

namespace {

// Batches came with 5.6, for per-CPU arrays with 5.13; some map types have none. 524 is the kernel's ENOTSUPP.
bool HasNoBatches(int error) { return error == EINVAL || error == ENOTSUP || error == 524; }

constexpr uint32_t kBatchEntries = 4096;

}  // namespace

void Map::ReadOneByOne(int fd, Entries* entries) {
  std::vector<uint8_t> key(key_bytes_), next(key_bytes_), value(copied_bytes_);
  bool first = true;
  while (bpf_map_get_next_key(fd, first ? nullptr : key.data(), next.data()) == 0) {
    first = false;
    key.swap(next);
    if (bpf_map_lookup_elem(fd, key.data(), value.data())) {
      if (errno == ENOENT) continue;  // deleted since its key was read
      Fail(Env(), {"map read", name(), errno});
    }
    entries->keys.insert(entries->keys.end(), key.begin(), key.end());
    entries->values.insert(entries->values.end(), value.begin(), value.end());
    entries->count++;
  }
  if (errno != ENOENT) Fail(Env(), {"map read", name(), errno});
}

// {keys, values, count}: all entries, side by side.
Napi::Value Map::ReadAll(const Napi::CallbackInfo& info) {
  int fd = Use("map read");
  Entries entries;
  // Where to go on: a key for most types, a 32-bit bucket for hash tables.
  std::vector<uint8_t> position(std::max<size_t>(key_bytes_, 8)), next(position.size());
  auto options = Options<bpf_map_batch_opts>();
  uint32_t room = std::clamp(max_entries_, 1u, kBatchEntries);
  for (bool first = true;;) {
    entries.keys.resize((entries.count + room) * key_bytes_);
    entries.values.resize((entries.count + room) * copied_bytes_);
    uint32_t count = room;
    int failed = bpf_map_lookup_batch(fd, first ? nullptr : position.data(), next.data(),
                                      entries.keys.data() + entries.count * key_bytes_,
                                      entries.values.data() + entries.count * copied_bytes_, &count, &options);
    if (failed && errno == ENOSPC) {  // one bucket of the hash table holds more than fits
      room *= 2;
      continue;
    }
    if (failed && first && HasNoBatches(errno)) {
      entries = {};
      ReadOneByOne(fd, &entries);
      break;
    }
    if (failed && errno == EINTR) continue;
    if (failed && errno != ENOENT) Fail(info.Env(), {"map read", name(), errno});
    entries.count += count;
    if (failed) break;
    first = false;
    position.swap(next);
  }
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("keys", CopyOut(info.Env(), entries.keys.data(), entries.count * key_bytes_));
  result.Set("values", CopyOut(info.Env(), entries.values.data(), entries.count * copied_bytes_));
  result.Set("count", static_cast<double>(entries.count));
  return result;
}

// The values at `first` and after it, of an array.
Napi::Value Map::ReadRange(const Napi::CallbackInfo& info) {
  int fd = Use("map read");
  uint32_t first = ReadU32(info[0], "first");
  uint32_t count = ReadU32(info[1], "count");
  if (type_ != BPF_MAP_TYPE_ARRAY && type_ != BPF_MAP_TYPE_PERCPU_ARRAY) {
    Fail(info.Env(), {"map read", name(), EINVAL, "only arrays have ranges"});
  }
  if (static_cast<uint64_t>(first) + count > max_entries_) {
    Fail(info.Env(), {"map read", name(), ERANGE,
                      "entries " + std::to_string(first) + " to " + std::to_string(static_cast<uint64_t>(first) + count) +
                          " of " + std::to_string(max_entries_)});
  }
  auto values = Napi::Uint8Array::New(info.Env(), copied_bytes_ * count);
  std::vector<uint32_t> keys(count);
  auto options = Options<bpf_map_batch_opts>();
  for (uint32_t done = 0; done < count;) {
    uint32_t before = first + done - 1, next = 0;
    uint32_t got = count - done;
    int failed = bpf_map_lookup_batch(fd, first + done == 0 ? nullptr : &before, &next, keys.data(),
                                      values.Data() + copied_bytes_ * done, &got, &options);
    if (failed && errno == EINTR) continue;
    if (failed && done == 0 && HasNoBatches(errno)) {
      for (uint32_t i = 0; i < count; i++) {
        uint32_t key = first + i;
        if (bpf_map_lookup_elem(fd, &key, values.Data() + copied_bytes_ * i)) Fail(info.Env(), {"map read", name(), errno});
      }
      break;
    }
    if ((failed && errno != ENOENT) || got == 0) Fail(info.Env(), {"map read", name(), failed ? errno : EIO});
    done += got;
  }
  return values;
}

void Map::CheckImage(const char* operation, size_t offset, size_t length) {
  if (type_ != BPF_MAP_TYPE_ARRAY || !(flags_ & BPF_F_MMAPABLE)) {
    Fail(Env(), {operation, name(), EINVAL, "only an array with BPF_F_MMAPABLE has an image"});
  }
  size_t image = (static_cast<size_t>(value_bytes_) + 7) / 8 * 8 * max_entries_;
  if (offset > image || length > image - offset) {
    Fail(Env(), {operation, name(), ERANGE,
                 std::to_string(length) + " bytes at " + std::to_string(offset) + " of " + std::to_string(image)});
  }
}

void Map::WriteImage(const Napi::CallbackInfo& info) {
  int fd = Use("map write");
  Bytes bytes = ReadBytes(info[0], "bytes");
  size_t offset = ReadSize(info[1], "offsetBytes");
  CheckImage("map write", offset, bytes.size);
  if (bytes.size == 0) return;
  Mapping mapping(fd, offset, bytes.size, PROT_READ | PROT_WRITE);
  if (!mapping.data()) {
    // bpf_map_mmap(): EPERM where the map is frozen, EACCES where its flags have BPF_F_RDONLY_PROG.
    std::string detail = errno == EPERM ? "the map is frozen" : "";
    Fail(info.Env(), {"map write", name(), errno, detail});
  }
  memcpy(mapping.data(), bytes.data, bytes.size);
}

Napi::Value Map::ReadImage(const Napi::CallbackInfo& info) {
  int fd = Use("map read");
  size_t length = ReadSize(info[0], "lengthBytes");
  size_t offset = ReadSize(info[1], "offsetBytes");
  CheckImage("map read", offset, length);
  if (length == 0) return Napi::Uint8Array::New(info.Env(), 0);
  Mapping mapping(fd, offset, length, PROT_READ);
  if (!mapping.data()) Fail(info.Env(), {"map read", name(), errno});
  return CopyOut(info.Env(), mapping.data(), length);
}

// (bytes, offset) Whether the array holds these very bytes there, compared in place.
Napi::Value Map::HoldsImage(const Napi::CallbackInfo& info) {
  int fd = Use("map compare");
  Bytes bytes = ReadBytes(info[0], "bytes");
  size_t offset = ReadSize(info[1], "offsetBytes");
  CheckImage("map compare", offset, bytes.size);
  if (bytes.size == 0) return Napi::Boolean::New(info.Env(), true);
  Mapping mapping(fd, offset, bytes.size, PROT_READ);
  if (!mapping.data()) Fail(info.Env(), {"map compare", name(), errno});
  return Napi::Boolean::New(info.Env(), memcmp(mapping.data(), bytes.data, bytes.size) == 0);
}

}  // namespace piston
