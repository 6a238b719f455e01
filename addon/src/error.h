// Errors of system calls as JavaScript errors: operation, object, errno and, for a load, the verifier's words.
#pragma once

#include <napi.h>

#include <string>

namespace piston {

struct Failure {
  const char* operation;   // "map update"
  std::string object;      // name, path, id or interface
  int error;               // errno, positive
  std::string detail = {}; // what a person needs beside the errno's own text
  std::string log = {};    // of the verifier and of libbpf
};

[[noreturn]] void Fail(Napi::Env env, const Failure& failure);

}  // namespace piston
