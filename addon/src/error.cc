// Builds the error that a failed system call throws, through the class that the TypeScript wrapper registered.
#include "error.h"

#include <cstdlib>
#include <cstring>

#include "addon.h"

namespace piston {
namespace {

// The kernel's own code for "not supported", which has no name in user space.
constexpr int kEnotsupp = 524;

std::string ErrnoName(int error) {
  if (error == kEnotsupp) return "ENOTSUPP";
  const char* name = strerrorname_np(error);
  return name ? name : "E" + std::to_string(error);
}

std::string ErrnoText(int error) {
  if (error == kEnotsupp) return "Operation not supported by this kernel";
  char buffer[128];
  return strerror_r(error, buffer, sizeof(buffer));
}

}  // namespace

void Fail(Napi::Env env, const Failure& failure) {
  int error = std::abs(failure.error);
  Napi::Object fields = Napi::Object::New(env);
  fields.Set("operation", failure.operation);
  fields.Set("object", failure.object);
  fields.Set("errno", error);
  fields.Set("code", ErrnoName(error));
  fields.Set("text", ErrnoText(error));
  fields.Set("detail", failure.detail);
  fields.Set("log", failure.log);
  Napi::FunctionReference& constructor = AddonData::Of(env).error;
  if (constructor.IsEmpty()) throw Napi::Error::New(env, std::string(failure.operation) + ": " + ErrnoName(error));
  throw Napi::Error(env, constructor.New({fields}));
}

}  // namespace piston
