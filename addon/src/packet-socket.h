// A raw packet socket (AF_PACKET): how the demo and the kernel tests send frames from one namespace and see in another what the filter
// let through. No part of the agent.
#pragma once

#include <napi.h>

namespace piston {

class PacketSocket : public Napi::ObjectWrap<PacketSocket> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit PacketSocket(const Napi::CallbackInfo& info);
  ~PacketSocket() override;

 private:
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value Dropped(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void CheckOpen(Napi::Env env, const char* operation) const;

  int fd_ = -1;
};

}  // namespace piston
