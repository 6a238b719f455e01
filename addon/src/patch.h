// What is put into a program's instructions after libbpf has resolved its relocations, and before the kernel gets it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

struct bpf_map;

namespace piston {

struct Patch {
  // Maps whose address in the program becomes that of their first value. What libbpf itself does for .rodata, but there a map
  // cannot be bound whose size differs from the section's: at close it would unmap as much as that map has.
  std::set<const struct bpf_map*> values;
  // The immediate base + offset becomes the 31 bits at that offset; bit_base + 65,536 * n + offset becomes bit n of 32, or for
  // an n of any_bit whether one of them is set. optional_base likewise: with the jump that follows it is left out where the bit is
  // set, and is taken where it is not. The bases are multiples of 2^24. What the constants rule out is cut out of the program
  // (prune.h).
  uint32_t base = 0;
  uint32_t bit_base = 0;
  uint32_t optional_base = 0;
  uint32_t any_bit = 0;
  std::vector<uint8_t> constants;
};

// While one is alive, the programs that this thread loads get the patch.
class Patching {
 public:
  explicit Patching(const Patch& patch);
  ~Patching();
  Patching(const Patching&) = delete;
  Patching& operator=(const Patching&) = delete;

  // Once in a process, before the first object is opened. XDP programs only.
  static void Register();
};

}  // namespace piston
