// Runs a program on packets through BPF_PROG_TEST_RUN. An XDP program gets its metadata in front of the packet: input
// is [metadata][packet], and the context says where the packet begins.
#include <linux/bpf.h>

#include <vector>

#include "program.h"

namespace piston {
namespace {

// A program may grow the packet at both ends: 256 bytes of headroom, and the tail up to the end of the page.
constexpr size_t kGrowthBytes = 4096;

// A signal, or work that the kernel has for the thread, breaks a repeated run off: it is begun again so often.
constexpr int kMeasureAttempts = 16;

// One run: its input, which is set for each packet, and what came out.
class Run {
 public:
  Run(int fd, uint32_t program_type) : fd_(fd), is_xdp_(program_type == BPF_PROG_TYPE_XDP) {}

  void SetInput(Bytes metadata, Bytes packet) {
    metadata_bytes_ = metadata.size;
    input_.resize(metadata.size + packet.size);
    if (metadata.size > 0) memcpy(input_.data(), metadata.data, metadata.size);
    if (packet.size > 0) memcpy(input_.data() + metadata.size, packet.data, packet.size);
    if (output_.size() < input_.size() + kGrowthBytes) output_.resize(input_.size() + kGrowthBytes);
  }

  // False where the kernel refused; errno says why.
  bool Once(uint32_t repeat = 1) {
    context_ = {};
    context_.data = static_cast<uint32_t>(metadata_bytes_);
    context_.data_end = static_cast<uint32_t>(input_.size());
    options_ = Options<bpf_test_run_opts>();
    options_.data_in = input_.data();
    options_.data_size_in = static_cast<uint32_t>(input_.size());
    options_.data_out = output_.data();
    options_.data_size_out = static_cast<uint32_t>(output_.size());
    options_.repeat = static_cast<int>(repeat);
    if (is_xdp_) {
      options_.ctx_in = &context_;
      options_.ctx_size_in = sizeof(context_);
      options_.ctx_out = &left_;
      options_.ctx_size_out = sizeof(left_);
    }
    return bpf_prog_test_run_opts(fd_, &options_) == 0;
  }

  uint32_t return_code() const { return options_.retval; }
  uint32_t duration_ns() const { return options_.duration; }
  // [metadata][packet] as the program left them.
  Bytes output() { return {output_.data(), options_.data_size_out}; }
  size_t output_metadata_bytes() const { return left_.data; }

 private:
  int fd_;
  bool is_xdp_;
  size_t metadata_bytes_ = 0;
  std::vector<uint8_t> input_, output_;
  struct xdp_md context_ = {}, left_ = {};
  struct bpf_test_run_opts options_ = {};
};

std::string Sizes(Bytes packet, Bytes metadata) {
  return "packet of " + std::to_string(packet.size) + " bytes, metadata of " + std::to_string(metadata.size);
}

}  // namespace

// (packet, metadata, repeat) → {returnCode, output, metadataBytes} of the last run; output is [metadata][packet].
Napi::Value Program::TestRun(const Napi::CallbackInfo& info) {
  Run run(Use("program test-run"), type_);
  Bytes packet = ReadBytes(info[0], "packet");
  Bytes metadata = ReadBytes(info[1], "metadata");
  uint32_t repeat = ReadU32(info[2], "repeat");
  run.SetInput(metadata, packet);
  // One system call a run. The kernel's own repetition breaks off at a signal and does not say after how many runs, it
  // gives each run what the last one left, and it waits for RCU twice (20 ms, for the XDP dispatcher).
  for (uint32_t i = 0; i < repeat; i++) {
    if (!run.Once()) Fail(info.Env(), {"program test-run", name(), errno, Sizes(packet, metadata)});
  }
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("returnCode", run.return_code());
  result.Set("output", CopyOut(info.Env(), run.output().data, run.output().size));
  result.Set("metadataBytes", static_cast<double>(run.output_metadata_bytes()));
  return result;
}

// (packet, metadata, repeat) → {returnCode, durationNs}: the kernel's own repetition, for its clock.
Napi::Value Program::Measure(const Napi::CallbackInfo& info) {
  Run run(Use("program measure"), type_);
  Bytes packet = ReadBytes(info[0], "packet");
  Bytes metadata = ReadBytes(info[1], "metadata");
  uint32_t repeat = ReadU32(info[2], "repeat");
  run.SetInput(metadata, packet);
  bool done = run.Once(repeat);
  for (int attempt = 1; !done && errno == EINTR && attempt < kMeasureAttempts; attempt++) done = run.Once(repeat);
  if (!done) Fail(info.Env(), {"program measure", name(), errno, Sizes(packet, metadata)});
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("returnCode", run.return_code());
  result.Set("durationNs", run.duration_ns());
  return result;
}

// (packets, offsets, metadata, codes): packet i is packets[offsets[i], offsets[i + 1]). Its metadata is replaced by what
// the program left, its return code goes to codes[i]. One native call, and one system call a packet.
void Program::TestRunMany(const Napi::CallbackInfo& info) {
  Run run(Use("program test-run"), type_);
  Bytes packets = ReadBytes(info[0], "packets");
  Napi::Uint32Array offsets = ReadU32Array(info[1], "offsets");
  Bytes metadata = ReadBytes(info[2], "metadata");
  Napi::Uint32Array codes = ReadU32Array(info[3], "codes");
  size_t count = codes.ElementLength();
  if (offsets.ElementLength() != count + 1 || (count > 0 && metadata.size % count != 0)) {
    throw Napi::RangeError::New(info.Env(), "offsets must be one more than the packets, metadata a multiple of them");
  }
  size_t metadata_bytes = count > 0 ? metadata.size / count : 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t start = offsets[i], end = offsets[i + 1];
    if (start > end || end > packets.size) throw Napi::RangeError::New(info.Env(), "offsets must ascend within packets");
    Bytes own = {metadata.data + i * metadata_bytes, metadata_bytes};
    run.SetInput(own, {packets.data + start, end - start});
    if (!run.Once()) {
      Fail(info.Env(), {"program test-run", name(), errno,
                        "packet " + std::to_string(i) + " of " + std::to_string(count) + ", " + std::to_string(end - start) + " bytes"});
    }
    codes[i] = run.return_code();
    if (metadata_bytes > 0 && run.output_metadata_bytes() == metadata_bytes) memcpy(own.data, run.output().data, metadata_bytes);
  }
}

// (packet, repeat, batch) → nanoseconds a frame. Live frames: what the program returns is done. XDP_PASS goes up the
// stack, XDP_TX and XDP_REDIRECT are sent. Kernel 5.18.
Napi::Value Program::TestRunLive(const Napi::CallbackInfo& info) {
  int fd = Use("program test-run");
  Bytes packet = ReadBytes(info[0], "packet");
  auto options = Options<bpf_test_run_opts>();
  options.data_in = packet.data;
  options.data_size_in = static_cast<uint32_t>(packet.size);
  options.repeat = static_cast<int>(ReadU32(info[1], "repeat"));
  options.batch_size = ReadU32(info[2], "batchFrames");
  options.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
  if (bpf_prog_test_run_opts(fd, &options)) {
    int error = errno;
    std::string detail = "live packet of " + std::to_string(packet.size) + " bytes";
    if (error == EINVAL) detail += "; kernels before 5.18 have no live frames";
    Fail(info.Env(), {"program test-run", name(), error, detail});
  }
  return Napi::Number::New(info.Env(), options.duration);
}

}  // namespace piston
