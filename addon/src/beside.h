// Work that another thread does meanwhile. It goes to the process's thread pool, whose threads stay: a thread that ends has
// the kernel's RCU callbacks to run, and the next link update waits for these.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

namespace piston {

class Beside {
 public:
  // Without a thread to be had the work waits for Join().
  Beside(Napi::Env env, std::function<void()> work);
  ~Beside() { Join(); }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  // Returns when the work is done. Where no thread has begun it this one does it: the pool may be busy with something slow.
  void Join();

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable done;
    std::function<void()> work;
    bool begun = false;
    bool ended = false;

    void Run();
  };
  struct Queued {
    napi_async_work work = nullptr;
    std::shared_ptr<Shared> shared;
  };

  std::shared_ptr<Shared> shared_;
};

}  // namespace piston
