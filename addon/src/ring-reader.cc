// Ring buffers read by whoever asks: the kernel's pages are mapped, and records of one size are copied out, many at a call.
// Who has nothing to do may ask to be woken once, by the event loop, when there is a record. The kernel keeps both positions for as long as the map lives, in bytes since it was made,
// so what was written and what was read can be told exactly, also by a process that did neither.
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "fd.h"
#include "map.h"

namespace piston {
namespace {

// What the event loop holds. It outlives the JavaScript object by the turn that uv_close() takes, and frees itself.
struct Wake {
  uv_poll_t handle = {};
  Fd fd;
  napi_async_cleanup_hook_handle hook = nullptr;
  class RingReader* owner = nullptr;
};

uint64_t LoadAcquire(const uint64_t* from) { return __atomic_load_n(from, __ATOMIC_ACQUIRE); }

class RingReader : public Napi::ObjectWrap<RingReader> {
 public:
  explicit RingReader(const Napi::CallbackInfo& info);
  ~RingReader() override { Stop(); }

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NativeRingReader",
                       {
                           InstanceMethod<&RingReader::Drain>("drain"),
                           InstanceMethod<&RingReader::Positions>("positions"),
                           InstanceMethod<&RingReader::Wait>("wait"),
                           InstanceMethod<&RingReader::Close>("close"),
                           InstanceMethod<&RingReader::IsClosed>("isClosed"),
                       });
  }

 private:
  void Use(Napi::Env env, const char* operation) {
    if (!consumer_) Fail(env, {operation, name_, EBADF, "the ring reader is closed"});
  }
  void Unmap() {
    if (consumer_) munmap(std::exchange(consumer_, nullptr), page_);
    if (producer_) munmap(const_cast<uint64_t*>(std::exchange(producer_, nullptr)), page_ + 2 * size_);
  }

  void Stop();
  static void OnReadable(uv_poll_t* handle, int status, int events);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* argument);

  Napi::Value Drain(const Napi::CallbackInfo& info);
  void Wait(const Napi::CallbackInfo& info);
  Napi::Value Positions(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo&) { Stop(); }
  Napi::Value IsClosed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !consumer_); }

  std::string name_;
  size_t page_ = 0;
  size_t size_ = 0;
  uint64_t* consumer_ = nullptr;
  const uint64_t* producer_ = nullptr;
  Fd fd_;  // of the map, our own; while there is a wake, that one's
  Wake* wake_ = nullptr;
  bool waits_ = false;
  Napi::FunctionReference on_readable_;
  Napi::AsyncContext context_;
};

// (map)
RingReader::RingReader(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<RingReader>(info), context_(info.Env(), "piston_bpf.RingReader") {
  Map& map = Map::From(info[0]);
  int fd = map.Use("ring-reader open");
  name_ = map.name();
  bpf_map_info details = {};
  uint32_t bytes = sizeof details;
  if (bpf_obj_get_info_by_fd(fd, &details, &bytes)) Fail(info.Env(), {"ring-reader open", name_, errno});
  if (details.type != BPF_MAP_TYPE_RINGBUF)
    Fail(info.Env(), {"ring-reader open", name_, EINVAL, "the map is not a ring buffer"});
  page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_ = details.max_entries;
  // The kernel shows the reader's position, then the writer's, then the data twice over, so that no record is cut.
  void* consumer = mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (consumer == MAP_FAILED) Fail(info.Env(), {"ring-reader map", name_, errno});
  consumer_ = static_cast<uint64_t*>(consumer);
  void* producer = mmap(nullptr, page_ + 2 * size_, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(page_));
  if (producer == MAP_FAILED) {
    int error = errno;
    Unmap();
    Fail(info.Env(), {"ring-reader map", name_, error});
  }
  producer_ = static_cast<const uint64_t*>(producer);
  fd_ = Fd::Duplicate(fd);
  if (!fd_.open()) {
    int error = errno;
    Unmap();
    Fail(info.Env(), {"ring-reader open", name_, error});
  }
}

// Stops at once; the descriptor goes when the event loop has let go of the handle.
void RingReader::Stop() {
  Unmap();
  Wake* wake = std::exchange(wake_, nullptr);
  if (std::exchange(waits_, false)) ObjectWrap::Unref();
  fd_.Close();
  if (!wake) return;
  wake->owner = nullptr;
  uv_poll_stop(&wake->handle);
  uv_close(reinterpret_cast<uv_handle_t*>(&wake->handle), [](uv_handle_t* handle) {
    Wake* closed = static_cast<Wake*>(handle->data);
    napi_remove_async_cleanup_hook(closed->hook);
    delete closed;
  });
}

// wait(onReadable): calls it once, in a turn of the event loop in which the ring has a record. Asked again before that, the
// newer function takes the older one's place. It does not keep the event loop alive.
void RingReader::Wait(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Use(env, "ring-reader wait");
  if (!info[0].IsFunction()) throw Napi::TypeError::New(env, "onReadable must be a function");
  if (!wake_) {
    auto wake = std::make_unique<Wake>();
    wake->owner = this;
    uv_loop_t* loop = nullptr;
    napi_get_uv_event_loop(env, &loop);
    const int error = uv_poll_init(loop, &wake->handle, fd_.number());
    if (error) Fail(env, {"ring-reader wait", name_, error});
    wake->fd = std::move(fd_);
    wake_ = wake.release();
    wake_->handle.data = wake_;
    napi_add_async_cleanup_hook(env, OnEnvironmentEnd, wake_, &wake_->hook);
    uv_unref(reinterpret_cast<uv_handle_t*>(&wake_->handle));
  }
  on_readable_ = Napi::Persistent(info[0].As<Napi::Function>());
  // While it waits, the event loop holds the object.
  if (!std::exchange(waits_, true)) ObjectWrap::Ref();
  uv_poll_start(&wake_->handle, UV_READABLE, OnReadable);
}

void RingReader::OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* argument) {
  Wake* wake = static_cast<Wake*>(argument);
  if (wake->owner) wake->owner->Stop();
}

void RingReader::OnReadable(uv_poll_t* handle, int, int) {
  RingReader* owner = static_cast<Wake*>(handle->data)->owner;
  if (!owner) return;
  uv_poll_stop(handle);
  const Napi::Env env = owner->Env();
  Napi::HandleScope scope(env);
  Napi::Object self = owner->Value();  // holds the object while its callback runs
  if (std::exchange(owner->waits_, false)) owner->ObjectWrap::Unref();
  Napi::Function call = owner->on_readable_.Value();
  try {
    owner->on_readable_.Reset();
    Napi::Persistent(call).MakeCallback(self, {}, owner->context_);
  } catch (const Napi::Error& error) {
    napi_fatal_exception(env, error.Value());
  }
}

// drain(into, slotBytes, sizes, total, most): record i begins at i * slotBytes of `into`, cut to that; sizes[i] is its
// real size. total[0] grows by their number as the records are given up, so that who looks at it from another thread
// knows of every record that was taken, whatever becomes of this thread. Returns their number.
Napi::Value RingReader::Drain(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Use(env, "ring-reader drain");
  const Bytes into = ReadBytes(info[0], "into");
  const size_t slot = ReadSize(info[1], "slotBytes");
  Napi::Uint32Array sizes = ReadU32Array(info[2], "sizes");
  if (!info[3].IsTypedArray() || info[3].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array)
    throw Napi::TypeError::New(env, "total must be a Float64Array");
  Napi::Float64Array total = info[3].As<Napi::Float64Array>();
  if (slot == 0 || total.ElementLength() == 0) throw Napi::RangeError::New(env, "slotBytes and total must not be empty");
  const size_t most = std::min({ReadSize(info[4], "most"), into.size / slot, sizes.ElementLength()});
  const uint8_t* data = reinterpret_cast<const uint8_t*>(producer_) + page_;
  uint64_t at = LoadAcquire(consumer_);
  size_t count = 0;
  while (count < most && at < LoadAcquire(producer_)) {
    const uint8_t* header = data + (at & (size_ - 1));
    const uint32_t word = __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
    if (word & BPF_RINGBUF_BUSY_BIT) break;  // its writer has not finished; what comes behind it waits
    const uint32_t length = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if (!(word & BPF_RINGBUF_DISCARD_BIT)) {
      memcpy(into.data + count * slot, header + BPF_RINGBUF_HDR_SZ, std::min<size_t>(length, slot));
      sizes[count++] = length;
    }
    at += (length + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
  }
  double* shared = total.Data();
  const double sum = *shared + static_cast<double>(count);
  __atomic_store(shared, &sum, __ATOMIC_RELEASE);
  __atomic_store_n(consumer_, at, __ATOMIC_RELEASE);
  return Napi::Number::New(env, static_cast<double>(count));
}

// positions(): { read, written } in bytes since the map was made.
Napi::Value RingReader::Positions(const Napi::CallbackInfo& info) {
  Use(info.Env(), "ring-reader positions");
  // The reader's first: so it is never ahead of the writer's.
  const uint64_t read = LoadAcquire(consumer_);
  const uint64_t written = LoadAcquire(producer_);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("read", Napi::Number::New(info.Env(), static_cast<double>(read)));
  result.Set("written", Napi::Number::New(info.Env(), static_cast<double>(written)));
  return result;
}

Napi::Value Open(const Napi::CallbackInfo& info) { return AddonData::Of(info.Env()).ring_reader.New({info[0]}); }

}  // namespace

void DefineRingReader(Napi::Env env, Napi::Object exports) {
  AddonData::Of(env).ring_reader = Napi::Persistent(RingReader::Define(env));
  exports.Set("openRingReader", Napi::Function::New<Open>(env, "openRingReader"));
}

}  // namespace piston
