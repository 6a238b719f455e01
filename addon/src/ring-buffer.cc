// Ring buffers: the environment's own event loop polls the buffer's epoll descriptor, and a few records at a time are
// copied out and given to JavaScript.
#include <bpf/libbpf.h>
#include <uv.h>

#include <memory>
#include <utility>
#include <vector>

#include "map.h"

namespace piston {
namespace {

// Records that one turn of the event loop may take. The poll is level-triggered: what is left comes with the next turn.
constexpr size_t kRecordsPerTurn = 256;

// What the event loop holds. It outlives the JavaScript object by the turn that uv_close() takes, and frees itself.
struct Poll {
  uv_poll_t handle = {};
  struct ring_buffer* ring = nullptr;
  napi_async_cleanup_hook_handle hook = nullptr;
  class RingBuffer* owner = nullptr;
  std::vector<std::vector<uint8_t>> records;
};

class RingBuffer : public Napi::ObjectWrap<RingBuffer> {
 public:
  explicit RingBuffer(const Napi::CallbackInfo& info);
  ~RingBuffer() override { Stop(); }

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NativeRingBuffer",
                       {
                           InstanceMethod<&RingBuffer::Ref>("ref"),
                           InstanceMethod<&RingBuffer::Unref>("unref"),
                           InstanceMethod<&RingBuffer::Close>("close"),
                           InstanceMethod<&RingBuffer::IsClosed>("isClosed"),
                       });
  }

 private:
  static int OnRecord(void* context, void* data, size_t size);
  static void OnReadable(uv_poll_t* handle, int status, int events);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* argument);

  Poll* Use(const char* operation) {
    if (!poll_) Fail(Env(), {operation, name_, EBADF, "the ring buffer is closed"});
    return poll_;
  }
  void Stop();
  void Drain();

  void Ref(const Napi::CallbackInfo&) { uv_ref(reinterpret_cast<uv_handle_t*>(&Use("ring-buffer ref")->handle)); }
  void Unref(const Napi::CallbackInfo&) { uv_unref(reinterpret_cast<uv_handle_t*>(&Use("ring-buffer unref")->handle)); }
  void Close(const Napi::CallbackInfo&) {
    if (!poll_) return;
    Stop();
    ObjectWrap::Unref();
  }
  Napi::Value IsClosed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !poll_); }

  std::string name_;
  Poll* poll_ = nullptr;
  Napi::FunctionReference on_record_;
  Napi::AsyncContext context_;
};

// (map, function of one record)
RingBuffer::RingBuffer(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<RingBuffer>(info), context_(info.Env(), "piston_bpf.RingBuffer") {
  Map& map = Map::From(info[0]);
  int fd = map.Use("ring-buffer open");
  name_ = map.name();
  if (!info[1].IsFunction()) throw Napi::TypeError::New(info.Env(), "onRecord must be a function");
  on_record_ = Napi::Persistent(info[1].As<Napi::Function>());
  auto poll = std::make_unique<Poll>();
  poll->owner = this;
  poll->ring = ring_buffer__new(fd, OnRecord, poll.get(), nullptr);
  if (!poll->ring) Fail(info.Env(), {"ring-buffer open", name_, errno});
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(info.Env(), &loop);
  int error = uv_poll_init(loop, &poll->handle, ring_buffer__epoll_fd(poll->ring));
  if (error) {
    ring_buffer__free(poll->ring);
    Fail(info.Env(), {"ring-buffer open", name_, error});
  }
  poll_ = poll.release();
  poll_->handle.data = poll_;
  napi_add_async_cleanup_hook(info.Env(), OnEnvironmentEnd, poll_, &poll_->hook);
  uv_poll_start(&poll_->handle, UV_READABLE, OnReadable);
  // While it polls, the event loop holds the object; close() lets go.
  ObjectWrap::Ref();
}

// Stops at once; the memory goes when the event loop has let go of the handle.
void RingBuffer::Stop() {
  Poll* poll = std::exchange(poll_, nullptr);
  if (!poll) return;
  poll->owner = nullptr;
  uv_poll_stop(&poll->handle);
  ring_buffer__free(std::exchange(poll->ring, nullptr));
  uv_close(reinterpret_cast<uv_handle_t*>(&poll->handle), [](uv_handle_t* handle) {
    Poll* closed = static_cast<Poll*>(handle->data);
    napi_remove_async_cleanup_hook(closed->hook);
    delete closed;
  });
}

void RingBuffer::OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* argument) {
  Poll* poll = static_cast<Poll*>(argument);
  if (poll->owner) poll->owner->Stop();
}

int RingBuffer::OnRecord(void* context, void* data, size_t size) {
  Poll* poll = static_cast<Poll*>(context);
  const uint8_t* bytes = static_cast<const uint8_t*>(data);
  poll->records.emplace_back(bytes, bytes + size);
  // A negative answer makes libbpf stop, this record taken.
  return poll->records.size() >= kRecordsPerTurn ? -1 : 0;
}

void RingBuffer::OnReadable(uv_poll_t* handle, int, int) {
  RingBuffer* owner = static_cast<Poll*>(handle->data)->owner;
  if (owner) owner->Drain();
}

void RingBuffer::Drain() {
  ring_buffer__consume(poll_->ring);
  // Taken out first: a callback may close this very buffer.
  std::vector<std::vector<uint8_t>> records = std::exchange(poll_->records, {});
  Napi::Env env = Env();
  Napi::HandleScope scope(env);
  Napi::Object self = Value();  // holds the object while its callbacks run
  for (const std::vector<uint8_t>& record : records) {
    if (!poll_) return;
    Napi::HandleScope inner(env);
    try {
      on_record_.MakeCallback(self, {CopyOut(env, record.data(), record.size())}, context_);
    } catch (const Napi::Error& error) {
      // As in any callback of the event loop: 'uncaughtException'. The other records still come.
      napi_fatal_exception(env, error.Value());
    }
  }
}

Napi::Value Open(const Napi::CallbackInfo& info) {
  return AddonData::Of(info.Env()).ring_buffer.New({info[0], info[1]});
}

}  // namespace

void DefineRingBuffer(Napi::Env env, Napi::Object exports) {
  AddonData::Of(env).ring_buffer = Napi::Persistent(RingBuffer::Define(env));
  exports.Set("openRingBuffer", Napi::Function::New<Open>(env, "openRingBuffer"));
}

}  // namespace piston
