// The few facts and acts beside BPF that an agent needs: bpffs, CPUs, the clock, interfaces, network namespaces.
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <time.h>

#include "addon.h"
#include "args.h"
#include "error.h"
#include "fd.h"

namespace piston {
namespace {

Napi::Value IsBpffs(const Napi::CallbackInfo& info) {
  std::string path = ReadString(info[0], "path");
  struct statfs found;
  if (statfs(path.c_str(), &found)) {
    if (errno == ENOENT || errno == ENOTDIR) return Napi::Boolean::New(info.Env(), false);
    Fail(info.Env(), {"bpffs check", path, errno});
  }
  return Napi::Boolean::New(info.Env(), static_cast<uint32_t>(found.f_type) == BPF_FS_MAGIC);
}

void MountBpffs(const Napi::CallbackInfo& info) {
  std::string path = ReadString(info[0], "path");
  if (mount("bpf", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700")) {
    Fail(info.Env(), {"bpffs mount", path, errno});
  }
}

Napi::Value PossibleCpus(const Napi::CallbackInfo& info) {
  int count = libbpf_num_possible_cpus();
  if (count < 0) Fail(info.Env(), {"possible cpus", "/sys/devices/system/cpu/possible", count});
  return Napi::Number::New(info.Env(), count);
}

// CLOCK_MONOTONIC, the clock of bpf_ktime_get_ns().
Napi::Value KtimeNs(const Napi::CallbackInfo& info) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Napi::BigInt::New(info.Env(), static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec));
}

Napi::Value InterfaceIndex(const Napi::CallbackInfo& info) {
  std::string name = ReadString(info[0], "name");
  uint32_t index = if_nametoindex(name.c_str());
  if (index) return Napi::Number::New(info.Env(), index);
  if (errno == ENODEV || errno == ENXIO) return info.Env().Null();
  Fail(info.Env(), {"interface index", name, errno});
}

Napi::Value InterfaceName(const Napi::CallbackInfo& info) {
  uint32_t index = ReadU32(info[0], "ifindex");
  char name[IF_NAMESIZE];
  if (if_indextoname(index, name)) return Napi::String::New(info.Env(), name);
  if (errno == ENODEV || errno == ENXIO) return info.Env().Null();
  Fail(info.Env(), {"interface name", std::to_string(index), errno});
}

void EnterNetworkNamespace(const Napi::CallbackInfo& info) {
  std::string path = ReadString(info[0], "path");
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open() || setns(fd.number(), CLONE_NEWNET)) Fail(info.Env(), {"network namespace enter", path, errno});
}

}  // namespace

void DefineSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("isBpffs", Napi::Function::New<IsBpffs>(env, "isBpffs"));
  exports.Set("mountBpffs", Napi::Function::New<MountBpffs>(env, "mountBpffs"));
  exports.Set("possibleCpus", Napi::Function::New<PossibleCpus>(env, "possibleCpus"));
  exports.Set("ktimeNs", Napi::Function::New<KtimeNs>(env, "ktimeNs"));
  exports.Set("interfaceIndex", Napi::Function::New<InterfaceIndex>(env, "interfaceIndex"));
  exports.Set("interfaceName", Napi::Function::New<InterfaceName>(env, "interfaceName"));
  exports.Set("enterNetworkNamespace", Napi::Function::New<EnterNetworkNamespace>(env, "enterNetworkNamespace"));
}

}  // namespace piston
