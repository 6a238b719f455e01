// One file descriptor and its owner. Every descriptor that the addon holds lives in an Fd, and Fd::Close is the only
// place that closes one.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

namespace piston {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Close(); }

  bool open() const { return number_ >= 0; }
  int number() const { return number_; }
  void Close();

  // A second descriptor of the same thing, closed on exec. Not open where that failed; errno says why.
  static Fd Duplicate(int number);

 private:
  int number_ = -1;
};

// What a descriptor of the bpf() system call stands for: "map", "program", "link", or "" where it is none of them.
std::string KindOf(int fd);

// The numbers after `field:` in the kernel's text about a descriptor; -1 where the text has no such field. False where it
// cannot be read: errno says why (the text has to be opened, which takes a descriptor).
bool FdInfo(int fd, std::initializer_list<std::pair<const char*, long*>> fields);

}  // namespace piston
