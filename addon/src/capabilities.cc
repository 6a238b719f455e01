// Drops capabilities on every thread of the process. The kernel has them by thread, and capset(2) reaches only its caller, so
// each thread is sent a signal whose handler does it there (as libpsx of libcap does). A thread that starts meanwhile has what
// its maker had, so the list of threads is gone through until it holds nobody new.
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "addon.h"
#include "args.h"
#include "error.h"

namespace piston {
namespace {

constexpr size_t kThreadsMax = 4096;
constexpr int kCapabilities = 64;
constexpr int kRounds = 8;
constexpr int kWaitMs = 500;
// How long a thread may block every signal before it is taken for one that always does. One that is being made does for a moment.
constexpr int kBlockedMs = 20;

// What the handler reads and writes; nothing else may be touched in a signal handler.
std::atomic<uint64_t> keep_mask;
std::atomic<size_t> answered;
std::array<std::atomic<pid_t>, kThreadsMax> done;  // thread ids, negative where it failed

pid_t ThreadId() { return static_cast<pid_t>(syscall(SYS_gettid)); }

// System calls only. Returns an errno.
int DropHere(uint64_t keep) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data)) return errno;
  // Before the effective set goes: leaving the bounding set takes CAP_SETPCAP. Without it no_new_privs alone keeps the door shut.
  for (int capability = 0; capability < kCapabilities; capability++) {
    if (!(keep >> capability & 1)) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return errno;
  for (int half = 0; half < 2; half++) {
    data[half].permitted &= static_cast<uint32_t>(keep >> (32 * half));
    data[half].effective = data[half].permitted;
    data[half].inheritable = 0;
  }
  return syscall(SYS_capset, &header, data) ? errno : 0;
}

void OnSignal(int) {
  int saved = errno;
  int error = DropHere(keep_mask.load());
  size_t slot = answered.fetch_add(1);
  if (slot < kThreadsMax) done[slot].store(error ? -ThreadId() : ThreadId());
  errno = saved;
}

std::vector<pid_t> Threads() {
  std::vector<pid_t> found;
  DIR* directory = opendir("/proc/self/task");
  if (!directory) return found;
  while (struct dirent* entry = readdir(directory)) {
    pid_t thread = atoi(entry->d_name);
    if (thread > 0) found.push_back(thread);
  }
  closedir(directory);
  return found;
}

// A thread that blocks the signal (Node's signal inspector does) would keep it for ever: it is asked when it does no more.
bool Blocks(pid_t thread, int signal) {
  std::string path = "/proc/self/task/" + std::to_string(thread) + "/status";
  FILE* file = fopen(path.c_str(), "re");
  if (!file) return true;  // it has ended
  char line[256];
  uint64_t blocked = 0;
  while (fgets(line, sizeof(line), file)) {
    if (sscanf(line, "SigBlk: %lx", &blocked) == 1) break;
  }
  fclose(file);
  return blocked >> (signal - 1) & 1;
}

bool Contains(const std::vector<pid_t>& list, pid_t thread) {
  for (pid_t one : list) {
    if (one == thread) return true;
  }
  return false;
}

// A real-time signal that nobody in this process uses.
int FreeSignal() {
  for (int signal = SIGRTMAX - 1; signal > SIGRTMIN; signal--) {
    struct sigaction current;
    if (!sigaction(signal, nullptr, &current) && (current.sa_handler == SIG_DFL || current.sa_handler == OnSignal)) return signal;
  }
  return 0;
}

void WaitMs() {
  struct timespec pause = {0, 1000000};
  nanosleep(&pause, nullptr);
}

// (keep: bit set of capabilities) Keeps of the permitted ones those in `keep`, on every thread that can be reached, and sets
// no_new_privs.
void DropCapabilities(const Napi::CallbackInfo& info) {
  static std::mutex one_at_a_time;
  std::lock_guard<std::mutex> lock(one_at_a_time);
  bool lossless = false;
  if (!info[0].IsBigInt()) throw Napi::TypeError::New(info.Env(), "keep must be a bigint");
  uint64_t keep = info[0].As<Napi::BigInt>().Uint64Value(&lossless);
  int signal = FreeSignal();
  if (!signal) Fail(info.Env(), {"capabilities drop", "process", EBUSY, "every real-time signal is taken"});
  keep_mask = keep;
  answered = 0;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  if (sigaction(signal, &action, nullptr)) Fail(info.Env(), {"capabilities drop", "process", errno});
  int error = DropHere(keep);
  if (error) Fail(info.Env(), {"capabilities drop", "main thread", error});

  pid_t process = getpid();
  std::vector<pid_t> asked = {ThreadId()};
  int blocked_ms = 0;
  for (int round = 0; round < kRounds;) {
    size_t expected = asked.size() - 1;
    bool found = false, blocked = false;
    for (pid_t thread : Threads()) {
      if (Contains(asked, thread)) continue;
      if (Blocks(thread, signal)) {
        blocked = true;
        continue;
      }
      if (syscall(SYS_tgkill, process, thread, signal)) continue;  // it has ended
      asked.push_back(thread);
      expected++;
      found = true;
    }
    if (!found) {
      if (!blocked || blocked_ms++ == kBlockedMs) return;
      WaitMs();
      continue;
    }
    round++;
    for (int waited = 0; waited < kWaitMs && answered.load() < expected; waited++) WaitMs();
  }
}

}  // namespace

// The handler stays: a thread that was slow to answer still drops when it runs.
void DefineCapabilities(Napi::Env env, Napi::Object exports) {
  exports.Set("dropCapabilities", Napi::Function::New<DropCapabilities>(env, "dropCapabilities"));
}

}  // namespace piston
