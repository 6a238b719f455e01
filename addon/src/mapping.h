// A shared mapping of part of an array's memory, gone at the end of the scope: the kernel refuses to freeze a map while
// anybody may still write it through a mapping.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace piston {

class Mapping {
 public:
  // data() is null where the kernel refuses, and errno says why.
  Mapping(int fd, size_t offset, size_t length, int protection) {
    size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    size_t before = offset % page;
    length_ = before + length;
    start_ = mmap(nullptr, length_, protection, MAP_SHARED, fd, static_cast<off_t>(offset - before));
    data_ = start_ == MAP_FAILED ? nullptr : static_cast<uint8_t*>(start_) + before;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (data_) munmap(start_, length_);
  }
  uint8_t* data() const { return data_; }

 private:
  void* start_;
  size_t length_;
  uint8_t* data_;
};

}  // namespace piston
