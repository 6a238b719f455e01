// Reads arguments. The wrapper's types already promise the right ones: a wrong one is a mistake in this repository, so
// it is a TypeError or RangeError and not a BpfError.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

namespace piston {

struct Bytes {
  uint8_t* data;
  size_t size;
};

inline Bytes ReadBytes(Napi::Value value, const char* what) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(value.Env(), std::string(what) + " must be a Uint8Array");
  }
  auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

inline Napi::Uint32Array ReadU32Array(Napi::Value value, const char* what) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    throw Napi::TypeError::New(value.Env(), std::string(what) + " must be a Uint32Array");
  }
  return value.As<Napi::Uint32Array>();
}

inline std::string ReadString(Napi::Value value, const char* what) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), std::string(what) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

inline double ReadInteger(Napi::Value value, const char* what, double most) {
  double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= most && number == std::floor(number))) {
    throw Napi::RangeError::New(value.Env(), std::string(what) + " must be a whole number from 0 to " +
                                                 std::to_string(static_cast<uint64_t>(most)));
  }
  return number;
}

inline uint32_t ReadU32(Napi::Value value, const char* what) {
  return static_cast<uint32_t>(ReadInteger(value, what, UINT32_MAX));
}

inline size_t ReadSize(Napi::Value value, const char* what) {
  return static_cast<size_t>(ReadInteger(value, what, 9007199254740991.0));
}

inline Napi::Uint8Array CopyOut(Napi::Env env, const void* data, size_t size) {
  auto array = Napi::Uint8Array::New(env, size);
  if (size > 0) memcpy(array.Data(), data, size);
  return array;
}

// An options struct of libbpf: zero, with its own size in `sz`.
template <typename T>
T Options() {
  T options;
  memset(&options, 0, sizeof(options));  // padding too: libbpf refuses an options struct that has any bit it does not know
  options.sz = sizeof(options);
  return options;
}

}  // namespace piston
