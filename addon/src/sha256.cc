// SHA-256 of bytes that are still arriving, beside the thread that fetches them: who reads a large file has it hashed
// meanwhile, and need not wait for all of it when the digest is wanted. The hash is OpenSSL's, which Node exports.
#include <napi.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <utility>

#include "addon.h"
#include "args.h"
#include "beside.h"
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
  void CatchUp();

  std::unique_ptr<EVP_MD_CTX, FreeContext> context_;
  Napi::ObjectReference bytes_;  // keeps the memory that is hashed
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  bool closed_ = false;
  std::unique_ptr<Beside> work_;

  // Who catches up owns the context and `done_` until nothing is left to do.
  size_t done_ = 0;
  bool good_ = true;
  std::mutex mutex_;
  // Guarded by it.
  size_t ready_ = 0;
  bool working_ = false;
  bool stopped_ = false;
};

// (bytes: what has not arrived yet may still be written to)
Sha256::Sha256(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Sha256>(info), context_(EVP_MD_CTX_new()) {
  Bytes bytes = ReadBytes(info[0], "bytes");
  data_ = bytes.data;
  size_ = bytes.size;
  bytes_ = Napi::Persistent(info[0].As<Napi::Object>());
  if (!context_ || !EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr)) Fail(info.Env(), {"sha256 begin", "sha256", ENOMEM});
}

// (bytes) That many bytes have arrived, from the first on; they do not change any more.
void Sha256::Advance(const Napi::CallbackInfo& info) {
  Use("sha256 advance");
  size_t ready = ReadSize(info[0], "bytes");
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (ready < ready_ || ready > size_) throw Napi::RangeError::New(info.Env(), "bytes must not shrink, nor exceed what was given");
    ready_ = ready;
    if (std::exchange(working_, true)) return;
  }
  work_ = std::make_unique<Beside>(info.Env(), [this] { CatchUp(); });
}

// Until it has hashed what has arrived.
void Sha256::CatchUp() {
  for (;;) {
    size_t until;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      until = std::min(ready_, done_ + kStepBytes);
      if (stopped_ || until == done_) {
        working_ = false;
        return;
      }
    }
    good_ = good_ && EVP_DigestUpdate(context_.get(), data_ + done_, until - done_) == 1;
    done_ = until;
  }
}

// The digest of what has arrived. Waits for what is not hashed yet; the digest is closed afterwards.
Napi::Value Sha256::Finish(const Napi::CallbackInfo& info) {
  Use("sha256 finish");
  work_.reset();
  std::array<uint8_t, kDigestBytes> digest;
  unsigned length = 0;
  bool good = good_ && EVP_DigestFinal_ex(context_.get(), digest.data(), &length) == 1 && length == digest.size();
  Stop();
  if (!good) Fail(info.Env(), {"sha256 finish", "sha256", EIO});
  return CopyOut(info.Env(), digest.data(), digest.size());
}

void Sha256::Stop() {
  closed_ = true;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  work_.reset();
  bytes_.Reset();
}

Napi::Value Begin(const Napi::CallbackInfo& info) { return AddonData::Of(info.Env()).sha256.New({info[0]}); }

}  // namespace

void DefineSha256(Napi::Env env, Napi::Object exports) {
  AddonData::Of(env).sha256 = Napi::Persistent(Sha256::Define(env));
  exports.Set("beginSha256", Napi::Function::New<Begin>(env, "beginSha256"));
}

}  // namespace piston
