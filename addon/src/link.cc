// XDP links: the attachment of a program to an interface, which one call moves to another program.
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "handle.h"
#include "program.h"

namespace piston {
namespace {

class Link : public Handle<Link> {
 public:
  static constexpr const char* kKind = "link";
  static constexpr napi_type_tag kTag = {0x8f7bb3de93a24f0b, 0xa7d05c41b6e83c03};
  static Napi::FunctionReference& Constructor(AddonData& data) { return data.link; }

  explicit Link(const Napi::CallbackInfo& info) : Handle(info) {
    struct bpf_link_info kernel = Kernel("link open");
    if (kernel.type != BPF_LINK_TYPE_XDP) Fail(info.Env(), {"link open", name(), EINVAL, "it is not an XDP link"});
  }

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "NativeLink",
                       {
                           InstanceMethod<&Link::Info>("info"),
                           InstanceMethod<&Link::Update>("update"),
                           InstanceMethod<&Link::Detach>("detach"),
                           InstanceMethod("pin", &Link::Pin),
                           InstanceMethod("close", &Link::Close),
                           InstanceMethod("isClosed", &Link::IsClosed),
                       });
  }

 private:
  struct bpf_link_info Kernel(const char* operation) {
    int fd = Use(operation);
    struct bpf_link_info kernel = {};
    uint32_t length = sizeof(kernel);
    if (bpf_obj_get_info_by_fd(fd, &kernel, &length)) Fail(Env(), {operation, name(), errno});
    return kernel;
  }

  Napi::Value Info(const Napi::CallbackInfo& info) {
    struct bpf_link_info kernel = Kernel("link info");
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("id", kernel.id);
    result.Set("programId", kernel.prog_id);
    result.Set("ifindex", kernel.xdp.ifindex);
    return result;
  }

  // (program, expected program or null). With an expected one the kernel compares and swaps: EPERM where another serves.
  void Update(const Napi::CallbackInfo& info) {
    int fd = Use("link update");
    Program& next = Program::From(info[0]);
    int next_fd = next.Use("link update");
    auto options = Options<bpf_link_update_opts>();
    if (!info[1].IsNull()) {
      options.flags = BPF_F_REPLACE;
      options.old_prog_fd = static_cast<uint32_t>(Program::From(info[1]).Use("link update"));
    }
    if (bpf_link_update(fd, next_fd, &options) == 0) return;
    int error = errno;
    std::string detail;
    if (error == ENOLINK) detail = "the link is detached";
    if (error == EPERM && options.flags) detail = "its program is not the expected one, or this process may not change it";
    Fail(info.Env(), {"link update", name(), error, detail});
  }

  void Detach(const Napi::CallbackInfo& info) {
    if (bpf_link_detach(Use("link detach"))) Fail(info.Env(), {"link detach", name(), errno});
  }
};

std::string InterfaceText(uint32_t index) {
  char name[IF_NAMESIZE];
  return if_indextoname(index, name) ? name : "interface " + std::to_string(index);
}

// (program, interface index, generic)
Napi::Value Attach(const Napi::CallbackInfo& info) {
  Program& program = Program::From(info[0]);
  int fd = program.Use("link attach");
  uint32_t index = ReadU32(info[1], "ifindex");
  auto options = Options<bpf_link_create_opts>();
  options.flags = info[2].ToBoolean() ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
  Opened opened;
  opened.name = program.name() + " on " + InterfaceText(index);
  opened.fd = Fd(bpf_link_create(fd, static_cast<int>(index), BPF_XDP, &options));
  return Link::Adopt(info.Env(), "link attach", std::move(opened));
}

Napi::Value OpenPinned(const Napi::CallbackInfo& info) {
  std::string path = ReadString(info[0], "path");
  Fd fd(bpf_obj_get(path.c_str()));
  return Link::Adopt(info.Env(), "link open", {std::move(fd), path});
}

Napi::Value FromId(const Napi::CallbackInfo& info) {
  uint32_t id = ReadU32(info[0], "id");
  Fd fd(bpf_link_get_fd_by_id(id));
  return Link::Adopt(info.Env(), "link open", {std::move(fd), "id " + std::to_string(id)});
}

// What serves an interface: {programId, mode}, or null.
Napi::Value Query(const Napi::CallbackInfo& info) {
  uint32_t index = ReadU32(info[0], "ifindex");
  char name[IF_NAMESIZE];
  // The netlink dump behind bpf_xdp_query() holds all interfaces: a missing one would look like one without a program.
  if (!if_indextoname(index, name)) Fail(info.Env(), {"xdp query", "interface " + std::to_string(index), ENODEV});
  auto options = Options<bpf_xdp_query_opts>();
  int error = bpf_xdp_query(static_cast<int>(index), 0, &options);
  if (error) Fail(info.Env(), {"xdp query", name, error});
  const char* mode = options.drv_prog_id ? "native" : options.skb_prog_id ? "generic" : "offload";
  uint32_t id = options.drv_prog_id ? options.drv_prog_id : options.skb_prog_id ? options.skb_prog_id : options.hw_prog_id;
  if (id == 0) return info.Env().Null();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("programId", id);
  result.Set("mode", mode);
  return result;
}

}  // namespace

void DefineLink(Napi::Env env, Napi::Object exports) {
  AddonData::Of(env).link = Napi::Persistent(Link::Define(env));
  exports.Set("attachXdp", Napi::Function::New<Attach>(env, "attachXdp"));
  exports.Set("openPinnedLink", Napi::Function::New<OpenPinned>(env, "openPinnedLink"));
  exports.Set("linkFromId", Napi::Function::New<FromId>(env, "linkFromId"));
  exports.Set("xdpQuery", Napi::Function::New<Query>(env, "xdpQuery"));
}

}  // namespace piston
