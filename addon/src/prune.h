// What the constants in a program rule out, cut out of it before the kernel gets it.
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <vector>

namespace piston {

struct PrunedProgram {
  std::vector<struct bpf_insn> code;
  // For each instruction of the program before, and for its end: how many of those before it are left. Of one that is left, its
  // place; of another, the place of the next one that is.
  std::vector<size_t> place;
  // Whether anything leads to it. A jump to what follows it is cut out all the same.
  std::vector<bool> reached;
};

// The kernel does the same, but late and dearly: it verifies nothing that a constant rules out, yet carries all of it through
// the other passes, and takes it out range by range, moving what follows each time.
//
// Constants are numbers that the instructions themselves put into registers. Empty where there is an instruction whose
// meaning is not known here: then the program is left as it is.
PrunedProgram Prune(const std::vector<struct bpf_insn>& code);

}  // namespace piston
