#include "packet-socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace piston {
namespace {

constexpr int kReceiveBufferBytes = 64 << 20;
constexpr size_t kBatch = 64;
constexpr size_t kFrameBytesMax = 65536 + 64;

Napi::Error Fault(Napi::Env env, const char* operation, int number) {
  Napi::Error error = Napi::Error::New(env, std::string("packet socket ") + operation + ": " + strerror(number));
  error.Set("errno", Napi::Number::New(env, number));
  return error;
}

// Enters a network namespace for as long as it lives. A socket belongs to the namespace that it was made in, so the
// calling thread can go home at once.
class Visit {
 public:
  explicit Visit(const std::string& path) {
    if (path.empty()) return;
    home_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    const int away = home_ < 0 ? -1 : open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (away < 0 || setns(away, CLONE_NEWNET) != 0) error_ = errno;
    if (away >= 0) close(away);
  }
  ~Visit() {
    if (home_ < 0) return;
    // A thread that could not come home would do all that follows in the wrong namespace.
    if (error_ == 0 && setns(home_, CLONE_NEWNET) != 0) abort();
    close(home_);
  }
  int error() const { return error_; }

 private:
  int home_ = -1;
  int error_ = 0;
};

}  // namespace

Napi::Function PacketSocket::Define(Napi::Env env) {
  return DefineClass(env, "PacketSocket",
                     {
                         InstanceMethod("send", &PacketSocket::Send),
                         InstanceMethod("drain", &PacketSocket::Drain),
                         InstanceMethod("dropped", &PacketSocket::Dropped),
                         InstanceMethod("close", &PacketSocket::Close),
                     });
}

// new PacketSocket(interfaceName, namespacePath or "")
PacketSocket::PacketSocket(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  const std::string interface = info[0].As<Napi::String>();
  const std::string path = info[1].As<Napi::String>();
  const Visit visit(path);
  if (visit.error() != 0) throw Fault(env, ("enter " + path).c_str(), visit.error());
  fd_ = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
  if (fd_ < 0) throw Fault(env, "open", errno);
  const auto refuse = [&](const char* operation) {
    const int number = errno;
    close(fd_);
    fd_ = -1;
    throw Fault(env, operation, number);
  };
  const int on = 1;
  if (setsockopt(fd_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0) refuse("ignore outgoing");
  if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBufferBytes, sizeof kReceiveBufferBytes) != 0)
    refuse("receive buffer");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if (address.sll_ifindex == 0) refuse(("find " + interface).c_str());
  if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) refuse("bind");
}

PacketSocket::~PacketSocket() {
  if (fd_ >= 0) close(fd_);
}

void PacketSocket::CheckOpen(Napi::Env env, const char* operation) const {
  if (fd_ < 0) throw Fault(env, operation, EBADF);
}

// send(bytes, ends): frame i is bytes[ends[i-1], ends[i]). Returns how many were sent: all, or an exception.
Napi::Value PacketSocket::Send(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  CheckOpen(env, "send");
  auto bytes = info[0].As<Napi::Uint8Array>();
  auto ends = info[1].As<Napi::Uint32Array>();
  const size_t count = ends.ElementLength();
  uint32_t previous = 0;
  for (size_t i = 0; i < count; i++) {
    if (ends[i] < previous || ends[i] > bytes.ByteLength())
      throw Napi::RangeError::New(env, "packet socket send: ends must ascend and lie within the bytes");
    previous = ends[i];
  }
  iovec pieces[kBatch];
  mmsghdr messages[kBatch];
  size_t sent = 0;
  while (sent < count) {
    const size_t batch = std::min(kBatch, count - sent);
    for (size_t i = 0; i < batch; i++) {
      const uint32_t begin = sent + i == 0 ? 0 : ends[sent + i - 1];
      pieces[i] = {bytes.Data() + begin, ends[sent + i] - begin};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int done = sendmmsg(fd_, messages, static_cast<unsigned>(batch), 0);
    if (done < 0) {
      // ENOBUFS and EAGAIN: the queue is full for a moment; the receiver needs the processor more than we do.
      if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) throw Fault(env, "send", errno);
      sched_yield();
      continue;
    }
    sent += static_cast<size_t>(done);
  }
  return Napi::Number::New(env, static_cast<double>(sent));
}

// drain(): every frame that waits, as { bytes, ends }. Does not block.
Napi::Value PacketSocket::Drain(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  CheckOpen(env, "receive");
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> ends;
  std::vector<uint8_t> frame(kFrameBytesMax);
  for (;;) {
    const ssize_t length = recv(fd_, frame.data(), frame.size(), 0);
    if (length < 0) {
      if (errno == EINTR) continue;
      // ENETDOWN: the interface went away, and what came before has been read.
      if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENETDOWN) break;
      throw Fault(env, "receive", errno);
    }
    bytes.insert(bytes.end(), frame.begin(), frame.begin() + length);
    ends.push_back(static_cast<uint32_t>(bytes.size()));
  }
  Napi::Object result = Napi::Object::New(env);
  Napi::Uint8Array out = Napi::Uint8Array::New(env, bytes.size());
  if (!bytes.empty()) memcpy(out.Data(), bytes.data(), bytes.size());
  Napi::Uint32Array marks = Napi::Uint32Array::New(env, ends.size());
  if (!ends.empty()) memcpy(marks.Data(), ends.data(), ends.size() * sizeof(uint32_t));
  result.Set("bytes", out);
  result.Set("ends", marks);
  return result;
}

// dropped(): frames that found the receive buffer full since the last call.
Napi::Value PacketSocket::Dropped(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  CheckOpen(env, "statistics");
  tpacket_stats stats{};
  socklen_t length = sizeof stats;
  if (getsockopt(fd_, SOL_PACKET, PACKET_STATISTICS, &stats, &length) != 0) throw Fault(env, "statistics", errno);
  return Napi::Number::New(env, stats.tp_drops);
}

Napi::Value PacketSocket::Close(const Napi::CallbackInfo& info) {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  return info.Env().Undefined();
}

}  // namespace piston
