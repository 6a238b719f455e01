// What maps, programs and links have in common: a JavaScript object that owns one descriptor until close(), until it is
// collected, or until its environment ends, whichever comes first.
#pragma once

#include <bpf/bpf.h>
#include <errno.h>
#include <napi.h>

#include <string>

#include "addon.h"
#include "args.h"
#include "error.h"
#include "fd.h"

namespace piston {

// A descriptor on its way from the call that made it to the object that will own it.
struct Opened {
  Fd fd;
  std::string name;
};

// T gives kKind ("map"), kTag (a napi_type_tag) and Constructor(AddonData&).
template <typename T>
class Handle : public Napi::ObjectWrap<T> {
 public:
  // Wraps a descriptor, which may come from a pin or an id and so be of another kind than T.
  static Napi::Value Adopt(Napi::Env env, const char* operation, Opened opened) {
    if (!opened.fd.open()) Fail(env, {operation, opened.name, errno});
    std::string kind = KindOf(opened.fd.number());
    if (kind != T::kKind) {
      Fail(env, {operation, opened.name, EINVAL, "it is " + (kind.empty() ? "unknown" : "a " + kind) + ", not a " + T::kKind});
    }
    return T::Constructor(AddonData::Of(env)).New({Napi::External<Opened>::New(env, &opened)});
  }

  // The object behind an argument; a TypeError where it is anything else.
  static T& From(Napi::Value value) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&T::kTag)) {
      throw Napi::TypeError::New(value.Env(), std::string("expected a ") + T::kKind);
    }
    return *Napi::ObjectWrap<T>::Unwrap(value.As<Napi::Object>());
  }

  // The descriptor, for one operation; every method asks for it here, so no method can reach a closed one.
  int Use(const char* operation) {
    if (!opened_.fd.open()) Fail(this->Env(), {operation, opened_.name, EBADF, std::string("the ") + T::kKind + " is closed"});
    return opened_.fd.number();
  }

  const std::string& name() const { return opened_.name; }

 protected:
  explicit Handle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info) {
    if (info.Length() != 1 || !info[0].IsExternal()) {
      throw Napi::TypeError::New(info.Env(), std::string("a ") + T::kKind + " is opened, not constructed");
    }
    opened_ = std::move(*info[0].As<Napi::External<Opened>>().Data());
    info.This().As<Napi::Object>().TypeTag(&T::kTag);
  }

  // Takes the kernel's name in place of a path or an id. The kernel cuts names to 15 characters: a longer one stays.
  void Rename(const char* name) {
    if (*name && !opened_.name.starts_with(name)) opened_.name = name;
  }

  void Pin(const Napi::CallbackInfo& info) {
    static const std::string operation = std::string(T::kKind) + " pin";
    int fd = Use(operation.c_str());
    std::string path = ReadString(info[0], "path");
    if (bpf_obj_pin(fd, path.c_str())) Fail(info.Env(), {operation.c_str(), name() + " at " + path, errno});
  }

  void Close(const Napi::CallbackInfo&) { opened_.fd.Close(); }

  Napi::Value IsClosed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !opened_.fd.open()); }

 private:
  Opened opened_;
};

}  // namespace piston
