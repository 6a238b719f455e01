#include "beside.h"

#include <utility>

namespace piston {

Beside::Beside(Napi::Env env, std::function<void()> work) : shared_(std::make_shared<Shared>()) {
  shared_->work = std::move(work);
  auto queued = std::make_unique<Queued>();
  queued->shared = shared_;
  auto execute = [](napi_env, void* data) { static_cast<Queued*>(data)->shared->Run(); };
  auto complete = [](napi_env env, napi_status, void* data) {
    std::unique_ptr<Queued> queued(static_cast<Queued*>(data));
    napi_delete_async_work(env, queued->work);
  };
  Napi::String name = Napi::String::New(env, "piston_bpf");
  if (napi_create_async_work(env, nullptr, name, execute, complete, queued.get(), &queued->work) != napi_ok) return;
  if (napi_queue_async_work(env, queued->work) != napi_ok) {
    napi_delete_async_work(env, queued->work);
    return;
  }
  queued.release();  // complete() frees it
}

void Beside::Join() {
  shared_->Run();
  std::unique_lock<std::mutex> lock(shared_->mutex);
  shared_->done.wait(lock, [this] { return shared_->ended; });
}

// Once, by whoever comes first.
void Beside::Shared::Run() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (std::exchange(begun, true)) return;
  }
  work();
  std::lock_guard<std::mutex> lock(mutex);
  work = nullptr;
  ended = true;
  done.notify_all();
}

}  // namespace piston
