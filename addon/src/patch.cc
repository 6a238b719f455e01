#include "patch.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "prune.h"

namespace piston {
namespace {

thread_local const Patch* current = nullptr;

// It reckons or compares with its immediate.
bool TakesImmediate(const struct bpf_insn& code) {
  int of = BPF_CLASS(code.code);
  if (of == BPF_ALU || of == BPF_ALU64) return BPF_SRC(code.code) == BPF_K && BPF_OP(code.code) != BPF_END;
  int what = BPF_OP(code.code);
  return (of == BPF_JMP || of == BPF_JMP32) && BPF_SRC(code.code) == BPF_K && what != BPF_JA && what != BPF_CALL && what != BPF_EXIT;
}

bool LoadsAddress(const struct bpf_insn& code) { return code.code == (BPF_LD | BPF_IMM | BPF_DW); }
bool SetsR0(const struct bpf_insn& code) { return code.code == (BPF_ALU64 | BPF_MOV | BPF_K) && code.dst_reg == BPF_REG_0; }
bool JumpsAtZeroR0(const struct bpf_insn& code) {
  return code.code == (BPF_JMP | BPF_JEQ | BPF_K) && code.dst_reg == BPF_REG_0 && code.imm == 0;
}

// Puts in what an immediate stands for, if it stands for something. False: there is no such constant, or not in such code.
bool Resolve(const Patch& patch, std::vector<struct bpf_insn>& code, size_t at) {
  uint32_t marker = static_cast<uint32_t>(code[at].imm), kind = marker >> 24, word;
  bool is_word = kind == patch.base >> 24, is_bit = kind == patch.bit_base >> 24, is_optional = kind == patch.optional_base >> 24;
  if (!is_word && !is_bit && !is_optional) return true;
  uint32_t offset = marker & 0xffff, bit = marker >> 16 & 0xff;
  if (offset % sizeof(word) || offset + sizeof(word) > patch.constants.size() || (is_word ? bit > 0 : bit > 31 && bit != patch.any_bit)) return false;
  memcpy(&word, patch.constants.data() + offset, sizeof(word));
  if (!is_word) word = bit == patch.any_bit ? word != 0 : word >> bit & 1;
  // A 64-bit instruction extends the sign.
  if (word > INT32_MAX) return false;
  code[at].imm = static_cast<int32_t>(word);
  if (!is_optional) return true;
  if (at + 1 >= code.size() || !SetsR0(code[at]) || !JumpsAtZeroR0(code[at + 1])) return false;
  // Jumps to the next instruction, which the kernel leaves out; or one that is always taken, behind which Prune() cuts.
  struct bpf_insn jump = {};
  jump.code = BPF_JMP | BPF_JA;
  code[at] = jump;
  if (!word) jump.off = code[at + 1].off;
  code[at + 1] = jump;
  return true;
}

// What says which function, and which line of the source, an instruction is of: for the kernel's log, and its dumps.
thread_local std::vector<uint8_t> functions, lines;

uint32_t OffsetOf(const uint8_t* record) {
  uint32_t offset;
  memcpy(&offset, record, sizeof(offset));
  return offset;
}

void Append(std::vector<uint8_t>* records, const uint8_t* record, size_t bytes, size_t place) {
  uint32_t offset = static_cast<uint32_t>(place);
  records->insert(records->end(), record, record + bytes);
  memcpy(records->data() + records->size() - bytes, &offset, sizeof(offset));
}

// Records begin with the instruction that they are of, and stand in the order of these.
void Follow(const PrunedProgram& pruned, struct bpf_prog_load_opts* options) {
  functions.clear();
  lines.clear();
  size_t bytes = options->func_info_rec_size;
  const uint8_t* record = static_cast<const uint8_t*>(options->func_info);
  for (uint32_t i = 0; record && i < options->func_info_cnt; i++, record += bytes) {
    uint32_t offset = OffsetOf(record);
    if (pruned.reached[offset]) Append(&functions, record, bytes, pruned.place[offset]);
  }
  if (options->func_info) {
    options->func_info = functions.data();
    options->func_info_cnt = static_cast<uint32_t>(functions.size() / bytes);
  }
  bytes = options->line_info_rec_size;
  record = static_cast<const uint8_t*>(options->line_info);
  for (uint32_t i = 0; record && i < options->line_info_cnt; i++, record += bytes) {
    size_t place = pruned.place[OffsetOf(record)];
    if (place == pruned.code.size()) break;
    // Of several for one instruction the last: the others are of what was cut out before it.
    if (!lines.empty() && OffsetOf(lines.data() + lines.size() - bytes) == place) lines.resize(lines.size() - bytes);
    Append(&lines, record, bytes, place);
  }
  if (options->line_info) {
    options->line_info = lines.data();
    options->line_info_cnt = static_cast<uint32_t>(lines.size() / bytes);
  }
}

int Apply(struct bpf_program* program, struct bpf_prog_load_opts* options, long) {
  if (!current) return 0;
  const struct bpf_insn* begin = bpf_program__insns(program);
  std::vector<struct bpf_insn> code(begin, begin + bpf_program__insn_cnt(program));
  std::set<int> values;
  for (const struct bpf_map* map : current->values) values.insert(bpf_map__fd(map));
  for (size_t i = 0; i < code.size(); i++) {
    if (LoadsAddress(code[i])) {
      if (code[i].src_reg == BPF_PSEUDO_MAP_FD && values.count(code[i].imm)) code[i].src_reg = BPF_PSEUDO_MAP_VALUE;
      i++;  // two instructions in one
    } else if (!current->constants.empty() && TakesImmediate(code[i])) {
      if (!Resolve(*current, code, i)) return -EINVAL;
    }
  }
  PrunedProgram pruned = current->constants.empty() ? PrunedProgram{} : Prune(code);
  if (!pruned.code.empty()) {
    Follow(pruned, options);
    code = std::move(pruned.code);
  }
  return bpf_program__set_insns(program, code.data(), code.size());
}

}  // namespace

Patching::Patching(const Patch& patch) { current = &patch; }
Patching::~Patching() { current = nullptr; }

void Patching::Register() {
  struct libbpf_prog_handler_opts options = {};
  options.sz = sizeof(options);
  options.prog_prepare_load_fn = Apply;
  // Should it fail, patches have no effect, and the verifier refuses the program.
  libbpf_register_prog_handler("xdp", BPF_PROG_TYPE_XDP, BPF_XDP, &options);
}

}  // namespace piston
