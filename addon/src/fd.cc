// Owns file descriptors, and asks /proc what one of them is.
#include "fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace piston {

void Fd::Close() {
  if (number_ >= 0) close(std::exchange(number_, -1));
}

Fd Fd::Duplicate(int number) { return Fd(fcntl(number, F_DUPFD_CLOEXEC, 3)); }

std::string KindOf(int fd) {
  // BPF_OBJ_GET_INFO_BY_FD fills a struct that depends on what the descriptor is, and does not say which.
  char path[64], target[64];
  snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
  ssize_t length = readlink(path, target, sizeof(target) - 1);
  if (length < 0) return "";
  target[length] = '\0';
  if (strstr(target, "bpf-map")) return "map";
  if (strstr(target, "bpf-prog")) return "program";
  if (strstr(target, "bpf_link") || strstr(target, "bpf-link")) return "link";
  return "";
}

bool FdInfo(int fd, std::initializer_list<std::pair<const char*, long*>> fields) {
  for (const auto& [field, number] : fields) *number = -1;
  char path[64], line[256];
  snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
  FILE* file = fopen(path, "re");
  if (!file) return false;
  while (fgets(line, sizeof(line), file)) {
    for (const auto& [field, number] : fields) {
      size_t length = strlen(field);
      if (strncmp(line, field, length) == 0 && line[length] == ':') *number = strtol(line + length + 1, nullptr, 0);
    }
  }
  fclose(file);
  return true;
}

}  // namespace piston
