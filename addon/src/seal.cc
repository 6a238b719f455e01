// Images to arrays that nobody can change any more: made, filled, frozen, and hashed where they lie in the kernel. Two threads
// share them. The hash is OpenSSL's, which Node exports.
#include <bpf/bpf.h>
#include <openssl/evp.h>

#include <array>
#include <atomic>
#include <cstring>
#include <vector>

#include "addon.h"
#include "beside.h"
#include "map.h"
#include "mapping.h"

namespace piston {
namespace {

constexpr size_t kDigestBytes = 32;

// What is less in all is done sooner than another thread has woken.
constexpr size_t kBesideBytes = 256 * 1024;

struct Sealed {
  std::string name;
  Bytes image;
  Fd fd = {};
  std::array<uint8_t, kDigestBytes> digest = {};
  // null where all went well.
  const char* failed = nullptr;
  int error = 0;

  void Seal() {
    failed = Try();
    error = errno;
  }

 private:
  // On whichever thread. What failed, if anything; errno says why.
  const char* Try() {
    auto options = Options<bpf_map_create_opts>();
    options.map_flags = BPF_F_MMAPABLE;
    fd = Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, name.c_str(), sizeof(uint32_t), static_cast<uint32_t>(image.size), 1, &options));
    if (!fd.open()) return "map create";
    {
      Mapping mapping(fd.number(), 0, image.size, PROT_READ | PROT_WRITE);
      if (!mapping.data()) return "map write";
      memcpy(mapping.data(), image.data, image.size);
    }
    if (bpf_map_freeze(fd.number())) return "map freeze";
    Mapping mapping(fd.number(), 0, image.size, PROT_READ);
    if (!mapping.data()) return "map read";
    unsigned length = 0;
    errno = ENOMEM;
    bool hashed = EVP_Digest(mapping.data(), image.size, digest.data(), &length, EVP_sha256(), nullptr) == 1;
    return hashed && length == digest.size() ? nullptr : "map hash";
  }
};

// ([names], [images]) Arrays of one element, with BPF_F_MMAPABLE: {map, sha256} of each, the digest of what it holds.
Napi::Value SealArrays(const Napi::CallbackInfo& info) {
  Napi::Array names = info[0].As<Napi::Array>(), images = info[1].As<Napi::Array>();
  std::vector<Sealed> all;
  size_t bytes = 0;
  for (uint32_t i = 0; i < names.Length(); i++) {
    all.push_back({ReadString(names.Get(i), "name"), ReadBytes(images.Get(i), "image")});
    size_t size = all.back().image.size;
    bytes += size;
    // A value is that long only where its length is a multiple of 8: the digest is to be of all that can be read.
    if (size == 0 || size % 8 || size > UINT32_MAX) {
      Fail(info.Env(), {"map seal", all.back().name, EINVAL, std::to_string(size) + " bytes are not whole words"});
    }
  }
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i = next++; i < all.size(); i = next++) all[i].Seal();
  };
  if (all.size() > 1 && bytes >= kBesideBytes) {
    Beside other(info.Env(), work);
    work();
  } else {
    work();
  }
  for (const Sealed& one : all) {
    if (one.failed) Fail(info.Env(), {one.failed, one.name, one.error});
  }
  Napi::Array result = Napi::Array::New(info.Env(), all.size());
  for (uint32_t i = 0; i < all.size(); i++) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("map", Map::Adopt(info.Env(), "map create", {std::move(all[i].fd), all[i].name}));
    entry.Set("sha256", CopyOut(info.Env(), all[i].digest.data(), all[i].digest.size()));
    result.Set(i, entry);
  }
  return result;
}

}  // namespace

void DefineSeal(Napi::Env env, Napi::Object exports) {
  exports.Set("sealArrays", Napi::Function::New<SealArrays>(env, "sealArrays"));
}

}  // namespace piston
