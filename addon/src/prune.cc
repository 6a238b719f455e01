#include "prune.h"

#include <array>
#include <cstdint>
#include <optional>

namespace piston {
namespace {

using Code = struct bpf_insn;
// r0 to r10; nothing where a register may hold anything.
using Registers = std::array<std::optional<uint64_t>, 11>;

bool LoadsAddress(const Code& code) { return code.code == (BPF_LD | BPF_IMM | BPF_DW); }
bool IsJump(const Code& code) { return BPF_CLASS(code.code) == BPF_JMP || BPF_CLASS(code.code) == BPF_JMP32; }
bool IsCall(const Code& code) { return code.code == (BPF_JMP | BPF_CALL); }
bool IsExit(const Code& code) { return code.code == (BPF_JMP | BPF_EXIT); }
bool IsAlways(const Code& code) { return code.code == (BPF_JMP | BPF_JA); }
// A function of the program that is called, or whose address is taken.
bool NamesFunction(const Code& code) {
  return (IsCall(code) && code.src_reg == BPF_PSEUDO_CALL) || (LoadsAddress(code) && code.src_reg == BPF_PSEUDO_FUNC);
}

std::optional<uint64_t> Reckon(uint8_t operation, uint64_t a, uint64_t b, bool wide) {
  unsigned shift = static_cast<unsigned>(b & (wide ? 63 : 31));
  switch (operation) {
    case BPF_ADD: return a + b;
    case BPF_SUB: return a - b;
    case BPF_MUL: return a * b;
    case BPF_OR: return a | b;
    case BPF_AND: return a & b;
    case BPF_XOR: return a ^ b;
    case BPF_LSH: return a << shift;
    case BPF_RSH: return (wide ? a : static_cast<uint32_t>(a)) >> shift;
    default: return std::nullopt;  // rarely with constants
  }
}

std::optional<bool> Holds(uint8_t operation, uint64_t a, uint64_t b, bool wide) {
  int64_t signed_a = static_cast<int64_t>(a), signed_b = static_cast<int64_t>(b);
  if (!wide) {
    a = static_cast<uint32_t>(a), b = static_cast<uint32_t>(b);
    signed_a = static_cast<int32_t>(a), signed_b = static_cast<int32_t>(b);
  }
  switch (operation) {
    case BPF_JEQ: return a == b;
    case BPF_JNE: return a != b;
    case BPF_JGT: return a > b;
    case BPF_JGE: return a >= b;
    case BPF_JLT: return a < b;
    case BPF_JLE: return a <= b;
    case BPF_JSET: return (a & b) != 0;
    case BPF_JSGT: return signed_a > signed_b;
    case BPF_JSGE: return signed_a >= signed_b;
    case BPF_JSLT: return signed_a < signed_b;
    case BPF_JSLE: return signed_a <= signed_b;
    default: return std::nullopt;
  }
}

bool IsComparison(const Code& code) { return IsJump(code) && Holds(BPF_OP(code.code), 0, 0, true).has_value(); }

// Follows what can be reached, with the registers' numbers as they are on every way that leads to an instruction.
class Walk {
 public:
  explicit Walk(const std::vector<Code>& code) : code_(code), state_(code.size(), kNone), reached_(code.size()) {}

  // False where an instruction is not known here, or leads out of the program.
  bool Run() {
    Enter(0, {});
    while (good_ && !open_.empty()) {
      size_t at = open_.back();
      open_.pop_back();
      good_ = Step(at) && good_;
    }
    return good_;
  }

  const std::vector<bool>& reached() const { return reached_; }

  // Whether a comparison that is reached always jumps.
  bool IsTaken(size_t at) const { return IsComparison(code_[at]) && Decide(code_[at], states_[state_[at]]).value_or(false); }

 private:
  static std::optional<uint64_t> Operand(const Code& code, const Registers& registers) {
    if (BPF_SRC(code.code) == BPF_X) return registers[code.src_reg];
    return static_cast<uint64_t>(static_cast<int64_t>(code.imm));
  }

  static std::optional<bool> Decide(const Code& code, const Registers& registers) {
    auto a = registers[code.dst_reg], b = Operand(code, registers);
    if (!a || !b) return std::nullopt;
    return Holds(BPF_OP(code.code), *a, *b, BPF_CLASS(code.code) == BPF_JMP);
  }

  void Enter(size_t at, const Registers& registers) {
    if (at >= code_.size()) {
      good_ = false;
      return;
    }
    if (state_[at] == kNone) {
      reached_[at] = true;
      state_[at] = states_.size();
      states_.push_back(registers);
      open_.push_back(at);
      return;
    }
    Registers& before = states_[state_[at]];
    bool changed = false;
    for (size_t i = 0; i < registers.size(); i++) {
      if (!before[i] || before[i] == registers[i]) continue;
      before[i].reset();
      changed = true;
    }
    if (changed) open_.push_back(at);
  }

  static void Calculate(const Code& code, Registers& registers) {
    bool wide = BPF_CLASS(code.code) == BPF_ALU64;
    auto& target = registers[code.dst_reg];
    auto operand = Operand(code, registers);
    uint8_t operation = BPF_OP(code.code);
    if (code.off != 0) {
      target.reset();  // a signed variant
    } else if (operation == BPF_MOV) {
      target = operand;
    } else {
      target = target && operand ? Reckon(operation, *target, *operand, wide) : std::nullopt;
    }
    if (target && !wide) target = static_cast<uint32_t>(*target);
  }

  bool Step(size_t at) {
    const Code& code = code_[at];
    Registers after = states_[state_[at]];
    if (code.dst_reg >= after.size() || code.src_reg >= after.size()) return false;
    switch (BPF_CLASS(code.code)) {
      case BPF_LD:
        if (!LoadsAddress(code) || at + 1 >= code_.size()) return false;
        if (NamesFunction(code)) Enter(at + 1 + static_cast<size_t>(static_cast<int64_t>(code.imm)), {});
        after[code.dst_reg].reset();
        reached_[at + 1] = true;  // its other half
        Enter(at + 2, after);
        return true;
      case BPF_LDX:
        after[code.dst_reg].reset();
        break;
      case BPF_ST:
        break;
      case BPF_STX:
        if (BPF_MODE(code.code) == BPF_MEM) break;
        // An atomic operation may give back what was there.
        after[code.src_reg].reset(), after[code.dst_reg].reset(), after[0].reset();
        break;
      case BPF_ALU:
      case BPF_ALU64:
        Calculate(code, after);
        break;
      default:
        return StepJump(at, after);
    }
    Enter(at + 1, after);
    return true;
  }

  bool StepJump(size_t at, Registers& after) {
    const Code& code = code_[at];
    size_t target = at + 1 + static_cast<size_t>(static_cast<int64_t>(code.off));
    if (IsExit(code)) return true;
    if (IsAlways(code)) {
      Enter(target, after);
      return true;
    }
    if (IsCall(code)) {
      if (NamesFunction(code)) Enter(at + 1 + static_cast<size_t>(static_cast<int64_t>(code.imm)), {});
      for (size_t i = 0; i <= 5; i++) after[i].reset();
      Enter(at + 1, after);
      return true;
    }
    if (!IsComparison(code)) return false;
    auto taken = Decide(code, after);
    if (taken.value_or(true)) Enter(target, after);
    if (!taken.value_or(false)) Enter(at + 1, after);
    return true;
  }

  static constexpr size_t kNone = SIZE_MAX;

  const std::vector<Code>& code_;
  // Before an instruction, by its place in `states_`.
  std::vector<size_t> state_;
  std::vector<Registers> states_;
  std::vector<bool> reached_;
  std::vector<size_t> open_;
  bool good_ = true;
};

size_t TargetOf(size_t at, const Code& code) {
  return at + 1 + static_cast<size_t>(static_cast<int64_t>(NamesFunction(code) ? code.imm : code.off));
}

// What is reached, without jumps to what follows them anyway: the kernel takes these out one by one, and moves all that is
// behind each.
std::vector<bool> Kept(const std::vector<Code>& code, std::vector<bool> reached) {
  size_t next = code.size();  // the next one that is kept
  for (size_t i = code.size(); i-- > 0;) {
    if (!reached[i]) continue;
    bool leads_on = IsAlways(code[i]) && code[i].off >= 0 && TargetOf(i, code[i]) <= next;
    if (leads_on && next < code.size()) {
      reached[i] = false;
    } else {
      next = i;
    }
  }
  return reached;
}

}  // namespace

PrunedProgram Prune(const std::vector<Code>& code) {
  Walk walk(code);
  if (!walk.Run()) return {};
  size_t count = code.size();
  const std::vector<bool>& reached = walk.reached();
  PrunedProgram pruned;
  pruned.reached = reached;
  std::vector<bool> kept = Kept(code, reached);
  pruned.place.resize(count + 1);
  size_t left = 0;
  for (size_t i = 0; i < count; i++) {
    pruned.place[i] = left;
    if (kept[i]) left++;
  }
  pruned.place[count] = left;
  pruned.code.reserve(left);
  for (size_t i = 0; i < count; i++) {
    if (!kept[i]) continue;
    Code one = code[i];
    bool wide = LoadsAddress(one);
    size_t target = TargetOf(i, one);
    bool lands = target < count && reached[target];
    int64_t distance = lands ? static_cast<int64_t>(pruned.place[target]) - static_cast<int64_t>(pruned.place[i]) - 1 : 0;
    if (NamesFunction(one)) {
      one.imm = static_cast<int32_t>(distance);
    } else if (IsJump(one) && !IsCall(one) && !IsExit(one)) {
      // A comparison stays, though its outcome is known: where there are jumps the verifier looks whether it has been there
      // before, and with fewer of them it walks further. Only where nothing is left after it, it must not seem to go on.
      bool is_last = i + 1 == count || !reached[i + 1];
      if (is_last && walk.IsTaken(i)) one = {BPF_JMP | BPF_JA, 0, 0, 0, 0};
      one.off = static_cast<int16_t>(distance);
    }
    pruned.code.push_back(one);
    if (wide) pruned.code.push_back(code[++i]);
  }
  return pruned;
}

}  // namespace piston
