// Images to arrays that nobody can change any more: made, filled, frozen, and hashed where they lie in the kernel. Two threads
// share them, and the parts of a large one. The hash is OpenSSL's, which Node exports.
#include <bpf/bpf.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "addon.h"
#include "beside.h"
#include "map.h"
#include "mapping.h"

namespace piston {
namespace {

// SECTION_PART_BYTES of src/bundle/digest.ts. What is no more than one part in all is done sooner than another thread wakes.
constexpr size_t kPartBytes = 256 * 1024;

using Digest = std::array<uint8_t, 32>;

bool Hash(const void* data, size_t size, Digest* digest) {
  unsigned length = 0;
  errno = ENOMEM;
  return EVP_Digest(data, size, digest->data(), &length, EVP_sha256(), nullptr) == 1 && length == digest->size();
}

// One table on its way. A step begins when the one before it has ended: what is hashed, nobody can change any more. It is done
// in pieces, by whichever threads: filling and hashing have one for each part, the others one.
class Table {
 public:
  Table(std::string name, Bytes image) : name_(std::move(name)), image_(image), parts_((image.size + kPartBytes - 1) / kPartBytes) {}

  const std::string& name() const { return name_; }
  const Digest& digest() const { return digest_; }
  Fd TakeFd() { return std::move(fd_); }

  // Under the queue's lock, as all that these change.
  size_t pieces() const { return step_ == Step::kFill || step_ == Step::kHash ? parts_.size() : 1; }
  bool ended() const { return step_ == Step::kEnd; }
  void NextStep() {
    step_ = failed ? Step::kEnd : static_cast<Step>(static_cast<int>(step_) + 1);
    taken = done = 0;
  }
  size_t taken = 0;
  size_t done = 0;
  const char* failed = nullptr;  // null where all went well
  int error = 0;

  // A piece that was taken. What failed, if anything; errno says why.
  const char* Do(size_t piece) {
    switch (step_) {
      case Step::kMake: return Make();
      case Step::kFill: return Fill(piece);
      case Step::kFreeze: return Freeze();
      case Step::kHash: return HashPart(piece);
      case Step::kJoin: return Join();
      case Step::kEnd: break;
    }
    return nullptr;
  }

 private:
  enum class Step { kMake, kFill, kFreeze, kHash, kJoin, kEnd };

  const char* Make() {
    auto options = Options<bpf_map_create_opts>();
    options.map_flags = BPF_F_MMAPABLE;
    fd_ = Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, name_.c_str(), sizeof(uint32_t), static_cast<uint32_t>(image_.size), 1, &options));
    if (!fd_.open()) return "map create";
    return MapMemory(PROT_READ | PROT_WRITE) ? nullptr : "map write";
  }

  const char* Fill(size_t part) {
    memcpy(memory_->data() + part * kPartBytes, image_.data + part * kPartBytes, SizeOf(part));
    return nullptr;
  }

  const char* Freeze() {
    memory_.reset();
    if (bpf_map_freeze(fd_.number())) return "map freeze";
    return MapMemory(PROT_READ) ? nullptr : "map read";
  }

  const char* HashPart(size_t part) {
    return Hash(memory_->data() + part * kPartBytes, SizeOf(part), &parts_[part]) ? nullptr : "map hash";
  }

  const char* Join() {
    memory_.reset();
    digest_ = parts_[0];
    return parts_.size() == 1 || Hash(parts_.data(), parts_.size() * sizeof(Digest), &digest_) ? nullptr : "map hash";
  }

  bool MapMemory(int protection) { return memory_.emplace(fd_.number(), 0, image_.size, protection).data(); }
  size_t SizeOf(size_t part) const { return std::min(kPartBytes, image_.size - part * kPartBytes); }

  std::string name_;
  Bytes image_;
  Step step_ = Step::kMake;
  Fd fd_;
  std::optional<Mapping> memory_;
  std::vector<Digest> parts_;
  Digest digest_ = {};
};

// Whoever works takes a piece of the first table that has one, and waits where others are at all that there are.
class Queue {
 public:
  explicit Queue(std::deque<Table>& tables) : tables_(tables) {}

  // Returns when every table has ended.
  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      auto table = std::ranges::find_if(tables_, [](const Table& one) { return !one.ended() && one.taken < one.pieces(); });
      if (table == tables_.end()) {
        if (std::ranges::all_of(tables_, &Table::ended)) return;
        changed_.wait(lock);
        continue;
      }
      size_t piece = table->taken++;
      lock.unlock();
      const char* failed = table->Do(piece);
      int error = errno;
      lock.lock();
      if (failed) {
        table->failed = failed;
        table->error = error;
      }
      if (++table->done < table->pieces()) continue;
      table->NextStep();
      changed_.notify_all();
    }
  }

 private:
  std::deque<Table>& tables_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

// ([names], [images]) Arrays of one element, with BPF_F_MMAPABLE: {map, sha256} of each, the digest of what it holds, by parts
// as a section's.
Napi::Value SealArrays(const Napi::CallbackInfo& info) {
  Napi::Array names = info[0].As<Napi::Array>(), images = info[1].As<Napi::Array>();
  std::deque<Table> tables;
  size_t bytes = 0;
  for (uint32_t i = 0; i < names.Length(); i++) {
    std::string name = ReadString(names.Get(i), "name");
    Bytes image = ReadBytes(images.Get(i), "image");
    bytes += image.size;
    // A value is that long only where its length is a multiple of 8: the digest is to be of all that can be read.
    if (image.size == 0 || image.size % 8 || image.size > UINT32_MAX) {
      Fail(info.Env(), {"map seal", name, EINVAL, std::to_string(image.size) + " bytes are not whole words"});
    }
    tables.emplace_back(std::move(name), image);
  }
  Queue queue(tables);
  if (bytes > kPartBytes) {
    Beside other(info.Env(), [&] { queue.Work(); });
    queue.Work();
  } else {
    queue.Work();
  }
  for (const Table& one : tables) {
    if (one.failed) Fail(info.Env(), {one.failed, one.name(), one.error});
  }
  Napi::Array result = Napi::Array::New(info.Env(), tables.size());
  for (uint32_t i = 0; i < tables.size(); i++) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("map", Map::Adopt(info.Env(), "map create", {tables[i].TakeFd(), tables[i].name()}));
    entry.Set("sha256", CopyOut(info.Env(), tables[i].digest().data(), tables[i].digest().size()));
    result.Set(i, entry);
  }
  return result;
}

}  // namespace

void DefineSeal(Napi::Env env, Napi::Object exports) {
  exports.Set("sealArrays", Napi::Function::New<SealArrays>(env, "sealArrays"));
}

}  // namespace piston
