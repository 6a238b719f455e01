// SHA-256 of bytes that are still arriving, on a thread of its own: who reads a large file hashes it meanwhile, and does not
// wait for it before it asks for the digest. The hash is OpenSSL's, which Node exports.
#include <napi.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "addon.h"
#include "args.h"
#include "error.h"

namespace piston {
namespace {

constexpr size_t kDigestBytes = 32;

// Less than a millisecond's work: Stop() waits no longer.
constexpr size_t kStepBytes = 1 << 20;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Sha256 : public Napi::ObjectWrap<Sha256> {
 public:
  explicit Sha256(const Napi::CallbackInfo& info);
  ~Sha256() override { Stop(); }

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NativeSha256",
                       {
                           InstanceMethod<&Sha256::Advance>("advance"),
                           InstanceMethod<&Sha256::Finish>("finish"),
                           InstanceMethod<&Sha256::Close>("close"),
                           InstanceMethod<&Sha256::IsClosed>("isClosed"),
                       });
  }

 private:
  void Use(const char* operation) {
    if (closed_) Fail(Env(), {operation, "sha256", EBADF, "the digest is closed"});
  }

  void Advance(const Napi::CallbackInfo& info);
  Napi::Value Finish(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo&) { Stop(); }
  Napi::Value IsClosed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), closed_); }

  void Stop();
  void Run();

  std::unique_ptr<EVP_MD_CTX, FreeContext> context_;
  Napi::ObjectReference bytes_;  // keeps the memory that the thread reads
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  bool closed_ = false;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  // Guarded by the mutex while the thread runs.
  size_t ready_ = 0;
  bool last_ = false;
  bool stopped_ = false;
  bool failed_ = false;
};

// (bytes: what has not arrived yet may still be written to)
Sha256::Sha256(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Sha256>(info), context_(EVP_MD_CTX_new()) {
  Bytes bytes = ReadBytes(info[0], "bytes");
  data_ = bytes.data;
  size_ = bytes.size;
  bytes_ = Napi::Persistent(info[0].As<Napi::Object>());
  if (!context_ || !EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr)) Fail(info.Env(), {"sha256 begin", "sha256", ENOMEM});
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    // No thread to be had: Finish() hashes.
  }
}

// Until the last byte was hashed, or it is stopped.
void Sha256::Run() {
  size_t done = 0;
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    arrived_.wait(lock, [&] { return stopped_ || last_ || ready_ > done; });
    if (stopped_ || failed_ || ready_ == done) return;
    size_t until = std::min(ready_, done + kStepBytes);
    lock.unlock();
    bool good = EVP_DigestUpdate(context_.get(), data_ + done, until - done) == 1;
    done = until;
    lock.lock();
    failed_ = !good;
  }
}

// (bytes) That many bytes have arrived, from the first on; they do not change any more.
void Sha256::Advance(const Napi::CallbackInfo& info) {
  Use("sha256 advance");
  size_t ready = ReadSize(info[0], "bytes");
  std::lock_guard<std::mutex> lock(mutex_);
  if (ready < ready_ || ready > size_) throw Napi::RangeError::New(info.Env(), "bytes must not shrink, nor exceed what was given");
  ready_ = ready;
  arrived_.notify_one();
}

// The digest of what has arrived. Waits for the thread; the digest is closed afterwards.
Napi::Value Sha256::Finish(const Napi::CallbackInfo& info) {
  Use("sha256 finish");
  {
    std::lock_guard<std::mutex> lock(mutex_);
    last_ = true;
    arrived_.notify_one();
  }
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Run();
  }
  std::array<uint8_t, kDigestBytes> digest;
  unsigned length = 0;
  bool good = !failed_ && EVP_DigestFinal_ex(context_.get(), digest.data(), &length) == 1 && length == digest.size();
  Stop();
  if (!good) Fail(info.Env(), {"sha256 finish", "sha256", EIO});
  return CopyOut(info.Env(), digest.data(), digest.size());
}

void Sha256::Stop() {
  closed_ = true;
  if (thread_.joinable()) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
      arrived_.notify_one();
    }
    thread_.join();
  }
  bytes_.Reset();
}

Napi::Value Begin(const Napi::CallbackInfo& info) { return AddonData::Of(info.Env()).sha256.New({info[0]}); }

}  // namespace

void DefineSha256(Napi::Env env, Napi::Object exports) {
  AddonData::Of(env).sha256 = Napi::Persistent(Sha256::Define(env));
  exports.Set("beginSha256", Napi::Function::New<Begin>(env, "beginSha256"));
}

}  // namespace piston
