// Runs a program on packets through BPF_PROG_TEST_RUN. An XDP program gets its metadata in front of the packet: input
// is [metadata][packet], and the context says where the packet begins.
#include <linux/bpf.h>

#include <vector>

#include "program.h"

namespace piston {
namespace {

// A program may grow the packet at both ends: 256 bytes of headroom, and the tail up to the end of the page.
constexpr size_t kGrowthBytes = 4096;

}  // namespace

// (packet, metadata, repeat) → {returnCode, durationNs, output, metadataBytes}; output is [metadata][packet].
Napi::Value Program::TestRun(const Napi::CallbackInfo& info) {
  int fd = Use("program test-run");
  Bytes packet = ReadBytes(info[0], "packet");
  Bytes metadata = ReadBytes(info[1], "metadata");
  uint32_t repeat = ReadU32(info[2], "repeat");
  std::vector<uint8_t> input(metadata.size + packet.size), output(input.size() + kGrowthBytes);
  if (metadata.size > 0) memcpy(input.data(), metadata.data, metadata.size);
  if (packet.size > 0) memcpy(input.data() + metadata.size, packet.data, packet.size);
  struct xdp_md context = {}, left = {};
  context.data = static_cast<uint32_t>(metadata.size);
  context.data_end = static_cast<uint32_t>(input.size());
  auto options = Options<bpf_test_run_opts>();
  options.data_in = input.data();
  options.data_size_in = static_cast<uint32_t>(input.size());
  options.data_out = output.data();
  options.data_size_out = static_cast<uint32_t>(output.size());
  options.repeat = static_cast<int>(repeat);
  if (type_ == BPF_PROG_TYPE_XDP) {
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    options.ctx_out = &left;
    options.ctx_size_out = sizeof(left);
  }
  if (bpf_prog_test_run_opts(fd, &options)) {
    Fail(info.Env(), {"program test-run", name(), errno,
                      "packet of " + std::to_string(packet.size) + " bytes, metadata of " + std::to_string(metadata.size)});
  }
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("returnCode", options.retval);
  result.Set("durationNs", options.duration);
  result.Set("output", CopyOut(info.Env(), output.data(), options.data_size_out));
  result.Set("metadataBytes", left.data);
  return result;
}

// (packets, offsets, metadata, codes): packet i is packets[offsets[i], offsets[i + 1]). Its metadata is replaced by what
// the program left, its return code goes to codes[i]. One native call, one system call a packet, no allocation.
Napi::Value Program::TestRunMany(const Napi::CallbackInfo& info) {
  int fd = Use("program test-run");
  Bytes packets = ReadBytes(info[0], "packets");
  auto offsets = info[1].As<Napi::Uint32Array>();
  Bytes metadata = ReadBytes(info[2], "metadata");
  auto codes = info[3].As<Napi::Uint32Array>();
  size_t count = codes.ElementLength();
  if (offsets.ElementLength() != count + 1 || (count > 0 && metadata.size % count != 0)) {
    throw Napi::RangeError::New(info.Env(), "offsets must be one more than the packets, metadata a multiple of them");
  }
  size_t metadata_bytes = count > 0 ? metadata.size / count : 0;
  std::vector<uint8_t> input, output;
  auto options = Options<bpf_test_run_opts>();
  struct xdp_md context = {}, left = {};
  for (size_t i = 0; i < count; i++) {
    uint32_t start = offsets[i], end = offsets[i + 1];
    if (start > end || end > packets.size) throw Napi::RangeError::New(info.Env(), "offsets must ascend within packets");
    uint8_t* own = metadata.data + i * metadata_bytes;
    size_t total = metadata_bytes + (end - start);
    if (input.size() < total) {
      input.resize(total);
      output.resize(total + kGrowthBytes);
    }
    if (metadata_bytes > 0) memcpy(input.data(), own, metadata_bytes);
    if (end > start) memcpy(input.data() + metadata_bytes, packets.data + start, end - start);
    context.data = static_cast<uint32_t>(metadata_bytes);
    context.data_end = static_cast<uint32_t>(total);
    options.data_in = input.data();
    options.data_size_in = static_cast<uint32_t>(total);
    options.data_out = output.data();
    options.data_size_out = static_cast<uint32_t>(output.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
    options.ctx_out = &left;
    options.ctx_size_out = sizeof(left);
    options.repeat = 1;
    if (bpf_prog_test_run_opts(fd, &options)) {
      Fail(info.Env(), {"program test-run", name(), errno,
                        "packet " + std::to_string(i) + " of " + std::to_string(count) + ", " + std::to_string(end - start) + " bytes"});
    }
    codes[i] = options.retval;
    if (left.data == metadata_bytes && metadata_bytes > 0) memcpy(own, output.data(), metadata_bytes);
  }
  return info.Env().Undefined();
}

// (packet, repeat, batch): live frames. What the program returns is done: XDP_PASS goes up the stack, XDP_TX and
// XDP_REDIRECT are sent. Kernel 5.18.
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
    Fail(info.Env(), {"program test-run", name(), errno, "live packet of " + std::to_string(packet.size) + " bytes"});
  }
  return Napi::Number::New(info.Env(), options.duration);
}

}  // namespace piston
