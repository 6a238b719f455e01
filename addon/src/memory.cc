// Memory that only the start or a swap needed, given back: freed heap that the allocator keeps, and pages of the
// executable's own code and constants. Of Node's 120 MB some 50 are touched while it starts, and 15 while an agent idles.
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <fstream>
#include <string>

#include "addon.h"

namespace piston {
namespace {

std::string Executable() {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<size_t>(length)) : "";
}

struct Mapping {
  uintptr_t start = 0;
  uintptr_t end = 0;
  bool clean_candidate = false; // of the executable, private, not writable
};

// Takes the executable's clean pages out of the process; the page cache keeps them, and the next use maps them again
// without reading a disk. A mapping with a single anonymous page (a relocation) is left alone: that page would be lost.
// Only the executable, because its mappings never move: a library could be unmapped by another thread at this moment.
void ReleaseExecutable() {
  const std::string executable = Executable();
  if (executable.empty()) return;
  std::ifstream smaps("/proc/self/smaps");
  Mapping mapping;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long start;
    unsigned long end;
    unsigned long anonymous_kib;
    char permissions[5];
    int path_at = 0;
    if (sscanf(line.c_str(), "%lx-%lx %4s %*s %*s %*s %n", &start, &end, permissions, &path_at) == 3 && path_at) {
      bool read_only = permissions[1] == '-' && permissions[3] == 'p';
      mapping = {start, end, read_only && line.compare(static_cast<size_t>(path_at), std::string::npos, executable) == 0};
    } else if (mapping.clean_candidate && sscanf(line.c_str(), "Anonymous: %lu kB", &anonymous_kib) == 1) {
      if (anonymous_kib == 0) madvise(reinterpret_cast<void*>(mapping.start), mapping.end - mapping.start, MADV_DONTNEED);
      mapping.clean_candidate = false;
    }
  }
}

// Best effort: where the kernel or the C library does not go along, nothing is lost but memory.
void ReleaseMemory(const Napi::CallbackInfo&) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  ReleaseExecutable();
}

}  // namespace

void DefineMemory(Napi::Env env, Napi::Object exports) {
  exports.Set("releaseMemory", Napi::Function::New<ReleaseMemory>(env, "releaseMemory"));
}

}  // namespace piston
