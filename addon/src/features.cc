// Asks the kernel what it can do by doing it: small maps and programs are made, tried and thrown away. Nothing is attached
// and nothing pinned. Each answer is an errno, 0 where it worked: what an errno means is for the caller.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <unistd.h>

#include <initializer_list>

#include "addon.h"
#include "args.h"
#include "error.h"
#include "fd.h"

namespace piston {
namespace {

constexpr uint32_t kPage = 65536;  // a ring buffer is whole pages, of the largest size that there is

int Errno(int result) { return result < 0 ? errno : 0; }

Fd MakeMap(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags) {
  auto options = Options<bpf_map_create_opts>();
  options.map_flags = flags;
  return Fd(bpf_map_create(type, "piston_probe", key, value, entries, &options));
}

Fd LoadProgram(std::initializer_list<struct bpf_insn> code) {
  auto options = Options<bpf_prog_load_opts>();
  return Fd(bpf_prog_load(BPF_PROG_TYPE_XDP, "piston_probe", "GPL", code.begin(), code.size(), &options));
}

// return XDP_PASS
Fd MakeProgram() {
  return LoadProgram({
      {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_PASS},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  });
}

// Swaps a zero on the stack for XDP_PASS. The verifier is the same everywhere, but before 5.18 arm64's JIT refuses what it let by.
int CompareAndSwap() {
  Fd program = LoadProgram({
      {BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0},
      {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0},
      {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, XDP_PASS},
      {BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_10, BPF_REG_1, -8, BPF_CMPXCHG},
      {BPF_LDX | BPF_MEM | BPF_W, BPF_REG_0, BPF_REG_10, -8, 0},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  });
  return program.open() ? 0 : errno;
}

int TestRun(const Fd& program, bool metadata) {
  uint8_t packet[64 + 8] = {};
  struct xdp_md context = {};
  context.data = metadata ? 8 : 0;
  context.data_end = sizeof(packet);
  auto options = Options<bpf_test_run_opts>();
  options.data_in = packet;
  options.data_size_in = sizeof(packet);
  options.repeat = 1;
  if (metadata) {
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
  }
  return Errno(bpf_prog_test_run_opts(program.number(), &options));
}

// Loopback has no native XDP: a kernel that knows links of XDP says EOPNOTSUPP (or that something is attached there), one that
// does not says EINVAL. In no case does it attach anything for longer than this function.
int LinkCreate(const Fd& program) {
  auto options = Options<bpf_link_create_opts>();
  options.flags = XDP_FLAGS_DRV_MODE;
  uint32_t loopback = if_nametoindex("lo");
  Fd link(bpf_link_create(program.number(), static_cast<int>(loopback ? loopback : 1), BPF_XDP, &options));
  if (link.open()) return 0;
  return errno == EOPNOTSUPP || errno == EBUSY || errno == EEXIST ? 0 : errno;
}

// Name to errno.
Napi::Value ProbeFeatures(const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  auto set = [&](const char* name, int error) { result.Set(name, error); };
  Fd array = MakeMap(BPF_MAP_TYPE_ARRAY, 4, 64, 1, 0);
  set("bpf", array.open() ? 0 : errno);
  if (array.open()) set("map-freeze", Errno(bpf_map_freeze(array.number())));
  Fd shared = MakeMap(BPF_MAP_TYPE_ARRAY, 4, 64, 1, BPF_F_MMAPABLE);
  set("mmapable-arrays", shared.open() ? 0 : errno);
  Fd ring = MakeMap(BPF_MAP_TYPE_RINGBUF, 0, 0, kPage, 0);
  set("ring-buffer", ring.open() ? 0 : errno);
  Fd program = MakeProgram();
  set("xdp", program.open() ? 0 : errno);
  if (program.open()) {
    set("compare-and-swap", CompareAndSwap());
    set("test-run", TestRun(program, false));
    set("test-run-metadata", TestRun(program, true));
    set("xdp-link", LinkCreate(program));
  }
  return result;
}

// (id) 0, or an errno: EINVAL where XDP programs have no such helper.
Napi::Value ProbeHelper(const Napi::CallbackInfo& info) {
  int found = libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, static_cast<enum bpf_func_id>(ReadU32(info[0], "helper")), nullptr);
  return Napi::Number::New(info.Env(), found == 1 ? 0 : found == 0 ? EINVAL : -found);
}

// (libbpf's name of a type) 0, or an errno: EINVAL where the kernel has no such maps.
Napi::Value ProbeMapType(const Napi::CallbackInfo& info) {
  std::string name = ReadString(info[0], "type");
  for (int type = 1;; type++) {
    const char* text = libbpf_bpf_map_type_str(static_cast<enum bpf_map_type>(type));
    if (!text) return Napi::Number::New(info.Env(), EINVAL);
    if (name != text) continue;
    int found = libbpf_probe_bpf_map_type(static_cast<enum bpf_map_type>(type), nullptr);
    return Napi::Number::New(info.Env(), found == 1 ? 0 : found == 0 ? EINVAL : -found);
  }
}

}  // namespace

void DefineFeatures(Napi::Env env, Napi::Object exports) {
  exports.Set("probeFeatures", Napi::Function::New<ProbeFeatures>(env, "probeFeatures"));
  exports.Set("probeHelper", Napi::Function::New<ProbeHelper>(env, "probeHelper"));
  exports.Set("probeMapType", Napi::Function::New<ProbeMapType>(env, "probeMapType"));
}

}  // namespace piston
